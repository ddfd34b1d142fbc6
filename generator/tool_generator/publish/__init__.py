"""From the sources of a docs site to a folder that a web server shows.

| module | what it owns |
|---|---|
| tag_history | what changed between the tags of a repository |
| source_folder | reading the texts of a project; writing the sources |
| viewer | the one file of the explorer that comes from the npm registry |
| site_builder | the builder's run, and what is laid beside the built pages |
| link_check | links of built pages that lead nowhere, and addresses that a page would load from outside |
| local_server | a built site on this machine |
| site_command | `toolgen site`, and `toolgen generate --site` |
"""
