"""The sources of a docs site, for any API: pages for people, and the same pages as Markdown for agents.

A page is written once, as plain Markdown, and stands on the site twice:

| flavour | where | what |
|---|---|---|
| plain | `static/PATH.md`, copied beside the built page | the text that agents read: code block under code block |
| dressed | `pages/PATH.md`, built into HTML | the same text with tabs, badges, rows of arguments, diagrams |

The texts of tools, types and guides are those of `emit/reference`. What a reader of the site needs besides (one page
a surface, tables of tools, what changed in each version) is added here.

| module | what it owns |
|---|---|
| site_files | which pages there are, their order, the files of the site |
| site_content | what a page is, and where links between pages lead |
| dressing | plain Markdown -> the dialect of the site's builder |
| tool_sections, type_sections | pages of tools, groups, types; the table of all tools |
| surface_sections | pages of the surfaces, and set-up of MCP clients |
| curl_snippets | a call as a request with curl |
| drawing, diagrams | SVG |
| project_texts | chapters of the README, the changelog |
| agent_files | llms.txt, llms-full.txt, the skill |
| site_settings | mkdocs.yml |

This package must not know how a site is built, where its sources are written, or what git holds.
"""
