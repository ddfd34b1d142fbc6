"""All files of a site: which pages there are, in which order, and what stands beside them.

Below the folder of the sources: `mkdocs.yml`; `pages/`, what the builder reads; `static/`, what is copied beside the
built pages; `overrides/`, changes to the theme.

This module owns the order of pages and the navigation. It must not know how a page of one kind is written.
"""

from __future__ import annotations

import copy
import json
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tool_generator.emit.openapi_document import openapi_document
from tool_generator.emit.reference.functions import DocumentedApi
from tool_generator.emit.reference.groups import Identity, groups_of
from tool_generator.emit.reference.guides import read_prose
from tool_generator.emit.reference.markdown import heading
from tool_generator.emit.reference.reference_pages import links_of, overview_page, parts_of
from tool_generator.emit.reference.templating import rendered_from
from tool_generator.emit.site import agent_files
from tool_generator.emit.site.diagrams import LIFE, OUTCOMES, diagrams
from tool_generator.emit.site.project_texts import Readme, changelog_text, on_site
from tool_generator.emit.site.site_content import Site, SitePage, figure, tool_path
from tool_generator.emit.site.site_settings import settings
from tool_generator.emit.site.surface_sections import CHAPTERS, START, SurfaceSections
from tool_generator.emit.site.tool_sections import ToolChange, ToolSections
from tool_generator.emit.site.type_sections import type_homes, type_pages
from tool_runtime.values.page_files import OVERVIEW

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tool_generator.emit.reference.reference_pages import Parts
    from tool_runtime.core.registry import Registry

PAGES, STATIC, OVERRIDES = "pages", "static", "overrides"
EXPLORER = "http/index.html"
SANDBOX = "http://127.0.0.1:8766"
_HERE = Path(__file__).parent
_EXPLORER_SOURCES = ("index.html", "explorer.js")


@dataclass(frozen=True, slots=True)
class ReleaseNotes:
    """What one release changed for callers: a title, Markdown of all changes, and those of each tool."""

    title: str
    text: str
    tools: Mapping[str, Sequence[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ProjectTexts:
    """Texts of the project; each may be empty. `releases` stand in the order of the site, the newest first."""

    readme: str = ""
    changelog: str = ""
    contributing: str = ""
    releases: tuple[ReleaseNotes, ...] = ()
    url: str = ""
    explorer: bool = True


def site_files(
    registry: Registry,
    guide: Mapping[str, str],
    type_files: Mapping[str, str],
    project: ProjectTexts,
    notice: str,
) -> dict[str, str]:
    """Return every file of the site by its path in the folder of the sources.

    `guide` maps the stems of the spec's guide texts to their Markdown, and `type_files` each type to the stem of the
    file of the spec that declares the type.
    """
    pages = list(site_pages(registry, guide, type_files, project))
    identity = Identity.of(DocumentedApi(registry))
    api = registry.api
    files = {
        "mkdocs.yml": settings(
            api.distribution or api.title,
            " ".join(api.summary.split()),
            project.url,
            navigation(pages, registry, project),
            notice,
        ),
        f"{PAGES}/llms.txt": agent_files.index_of(pages, identity, project.url),
        f"{PAGES}/llms-full.txt": agent_files.whole_of(pages, identity),
    }
    for page in pages:
        files[f"{PAGES}/{page.path}"] = page.source
        files[f"{STATIC}/{page.path}"] = page.plain
    for folder, where in (("assets", f"{PAGES}/assets"), ("overrides", OVERRIDES)):
        for path in sorted((_HERE / folder).rglob("*")):
            if path.is_file():
                files[f"{where}/{path.relative_to(_HERE / folder).as_posix()}"] = path.read_text(encoding="utf-8")
    document = openapi_document(registry, notice)
    files[f"{PAGES}/openapi.json"] = json.dumps(document, ensure_ascii=False)
    if project.explorer:
        for name in _EXPLORER_SOURCES:
            text = (_HERE / "explorer" / name).read_text(encoding="utf-8")
            files[f"{PAGES}/http/{name}"] = text.replace("{{ title }}", heading(api.title))
        files[f"{PAGES}/http/openapi.json"] = json.dumps(_for_explorer(document, registry), ensure_ascii=False)
    return files


def site_pages(
    registry: Registry, guide: Mapping[str, str], type_files: Mapping[str, str], project: ProjectTexts
) -> Iterator[SitePage]:
    """Yield every page in the order of the navigation."""
    prose = read_prose(guide)
    api = DocumentedApi(registry)
    links = links_of(registry, prose)
    parts = parts_of(api, prose, links)
    site = Site(type_homes(registry.types, type_files), diagrams(registry))
    readme = Readme.read(project.readme)
    known = _known_paths(parts, project)
    texts = Readme(
        on_site(readme.introduction, "index.md", known),
        {title: on_site(text, "index.md", known) for title, text in readme.chapters.items()},
    )
    yield from SurfaceSections(api, links, site, texts, project.explorer).pages()
    yield site.page(
        f"{OVERVIEW}.md",
        "Overview",
        overview_page(api, parts, links, "[llms-full.txt](llms-full.txt)").partition("\n")[2],
        line="how to call, the guides, every tool in one line",
        section="Start",
        own=("guide", OVERVIEW),
        searched=False,
    )
    yield agent_files.skill_page(Identity.of(api), site, project.url)
    yield from _guides(parts, site)
    tools = ToolSections(api, links, site, parts.functions, _tool_changes(project))
    yield from tools.pages()
    yield from tools.groups()
    yield from type_pages(parts.types, registry.types, site, links)
    yield from _project(site, texts, project, known)


def _known_paths(parts: Parts, project: ProjectTexts) -> set[str]:
    known = {f"guides/{one.name}.md" for one in parts.guides} | {tool_path(name) for name in parts.functions}
    known |= {f"{OVERVIEW}.md", "project.md", "llms.txt", "openapi.json"}
    known |= {"contributing.md"} if project.contributing else set()
    return known | ({"changes/index.md"} if project.changelog else set())


def _guides(parts: Parts, site: Site) -> Iterator[SitePage]:
    pictures = {"retries": figure(OUTCOMES), "errors": figure(LIFE)}
    for one in parts.guides:
        text = f"{one.text}\n\n## As a picture\n\n{pictures[one.name]}\n" if one.name in pictures else one.text
        yield site.page(
            f"guides/{one.name}.md", one.title, text, line=one.line, section="Guides", own=("guide", one.name)
        )


def _project(site: Site, readme: Readme, project: ProjectTexts, known: set[str]) -> Iterator[SitePage]:
    templates = agent_files.TEMPLATES
    changelog = on_site(changelog_text(project.changelog), "changes/index.md", known)
    yield site.page(
        "changes/index.md",
        "Release notes",
        rendered_from(templates, "changes.md.jinja", {"changelog": changelog}),
        line="the changelog, and how changes of the API are followed",
        section="Changes",
        searched=False,
    )
    yield site.page(
        "changes/tools.md",
        "What changed in each tool",
        rendered_from(templates, "tool_changes.md.jinja", {"releases": project.releases}),
        line="what callers feel, release by release",
        section="Changes",
    )
    rest = readme.rest({*CHAPTERS, START})
    if rest:
        yield site.page("project.md", "The project", rest, line="further chapters of the README", section="Project")
    if project.contributing:
        text = on_site(project.contributing, "contributing.md", known).strip()
        yield site.page(
            "contributing.md",
            "Contributing",
            text.partition("\n")[2] if text.startswith("# ") else text,
            line="how the project is changed",
            section="Project",
        )


def _tool_changes(project: ProjectTexts) -> dict[str, list[ToolChange]]:
    found: dict[str, list[ToolChange]] = {}
    for release in project.releases:
        for tool, texts in release.tools.items():
            found.setdefault(tool, []).extend(ToolChange(release.title, text) for text in texts)
    return found


def navigation(pages: Sequence[SitePage], registry: Registry, project: ProjectTexts) -> list[dict[str, Any]]:
    """Return the navigation; groups keep the order of the spec."""
    # The theme puts titles into HTML as they are.
    titles = {page.path: escape(page.title, quote=False) for page in pages}

    def entries(prefix: str) -> list[dict[str, Any]]:
        below = [(path, title) for path, title in titles.items() if path.startswith(prefix)]
        # The page of the section itself stands in front; below "Types", the word says nothing.
        return [{title.removeprefix("Types: "): path} for path, title in below if not path.endswith("index.md")]

    start = [
        {titles[path]: path} for path in ("how.md", f"{OVERVIEW}.md", "project.md", "contributing.md") if path in titles
    ]
    groups = [
        {
            titles[f"groups/{group.name}/index.md"]: [
                f"groups/{group.name}/index.md",
                *({name: tool_path(name)} for name in group.tools),
            ]
        }
        for group in groups_of(registry)
    ]
    surfaces = [{titles[path]: path} for path in ("python.md", "cli.md", "lua.md", "mcp.md", "agents.md", "skill.md")]
    tail = [{"HTTP": EXPLORER}] if project.explorer else []
    return [
        {"Start": ["index.md", *start]},
        {"Surfaces": surfaces},
        {"Guides": [{title: path} for path, title in titles.items() if path.startswith("guides/")]},
        {"Tools": ["tools/index.md", *groups]},
        {"Types": ["types/index.md", *entries("types/")]},
        *tail,
        {"Changes": ["changes/index.md", *entries("changes/")]},
    ]


def _for_explorer(document: Mapping[str, Any], registry: Registry) -> dict[str, Any]:
    """Return the OpenAPI document with the sandbox as its only server: what is tried there reaches nobody."""
    shown = copy.deepcopy(dict(document))
    serve = f"{registry.api.command} sandbox serve"
    shown["servers"] = [{"url": SANDBOX, "description": f"The sandbox: {serve}"}]
    about = (
        f"What is tried here goes to the sandbox on this machine, with any key. Start the sandbox with `{serve}`; "
        "where this site is not on this machine, add `--allow-origin` and the origin of this site."
    )
    shown["info"]["description"] = f"{registry.api.summary.strip()}\n\n{about}"
    titles = {group.name: group.title or group.name for group in registry.groups.values()}
    for tag in shown.get("tags", ()):
        tag["x-displayName"] = titles.get(tag["name"], tag["name"])
    for path in shown["paths"].values():
        for operation in path.values():
            if isinstance(operation, dict) and "operationId" in operation:
                # The list at the side shows summaries, and a name is easier to look for than a sentence.
                texts = (operation.get("summary", ""), operation.get("description", ""))
                operation |= {
                    "summary": operation.get("x-tool", {}).get("name", operation["operationId"]),
                    "description": "\n\n".join(filter(None, texts)),
                }
    return shown
