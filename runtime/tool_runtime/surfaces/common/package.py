"""A generated package for the surfaces: registry, head, schemas, reference pages, and search over the pages.

This module owns the names of the generated files, and the names by which readers ask for a page. `--help` shows the
head (`api.json`) only, so help reads no registry; every other part is read at the first use. The generator owns the
content of the files.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from tool_runtime.values.page_files import FOLDERS, OVERVIEW, PARTS, WHOLE, file_stems

if TYPE_CHECKING:
    from pathlib import Path

    from tool_runtime.core.registry import Registry
    from tool_runtime.surfaces.common.search import Index

_ORDER = ("overview", "guide", "tool", "whole", "type")


@dataclass(frozen=True, slots=True)
class Page:
    """One page of the reference: its name, a line about the page, its file, and what the page is about.

    `kind` is `overview`, `guide`, `tool`, `type`, or `whole` (everything on one page).
    """

    name: str
    summary: str
    path: "Path"
    kind: str = "tool"

    def read(self) -> str:
        """Return the Markdown of the page. Raises `SpecError` if the page cannot be read."""
        from tool_runtime.errors import SpecError

        try:
            return self.path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            message = f"the page {self.name} cannot be read: {error}"
            raise SpecError(message) from error


class Package:
    """The generated files in one folder. Raises `SpecError` if one of them cannot be read."""

    def __init__(self, folder: "Path | str") -> None:
        self.folder = folder

    @cached_property
    def api(self) -> dict[str, Any]:
        """The identity of the API: name, title, version, command, prefix of environment variables."""
        head = self._json("api.json")
        api: dict[str, Any] = head["api"] if "api" in head else self._unreadable("api.json", "it has no api")
        return api

    @cached_property
    def registry(self) -> "Registry":
        """The registry."""
        from tool_runtime.core.registry import Registry

        return Registry(self._json("registry.json"))

    def schema(self, tool: str) -> dict[str, Any]:
        """Return the JSON Schema of a tool's arguments, by any of the tool's names."""
        name = self.registry.resolve(tool).name
        schema: dict[str, Any] = self._json(f"schemas/{name}.json")
        return schema

    def shallow_schema(self, tool: str) -> dict[str, Any]:
        """Return the schema of a tool's arguments that providers of models accept, by any of the tool's names.

        The schema has a limited depth, no reference, and no combinator at the root; what it leaves out, binding
        checks. Marks of the generator, which some providers refuse, are left out.
        """
        name = self.registry.resolve(tool).name
        schema: dict[str, Any] = self._json(f"schemas/shallow/{name}.json")
        return {key: value for key, value in schema.items() if not key.startswith("$")}

    @cached_property
    def pages(self) -> "Sequence[Page]":
        """Every page that is installed: the overview, guides, tools in the order of the spec, the whole, types."""
        pages = [page for of_kind in map(self._pages.__getitem__, _ORDER) for page in of_kind.values()]
        return tuple(page for page in pages if page.path.is_file())

    @cached_property
    def _pages(self) -> Mapping[str, Mapping[str, Page]]:
        """The pages of each kind by name, installed or not."""
        from pathlib import Path

        folder, title = Path(self.folder, "reference"), self.api["title"]
        guides = sorted(Path(folder, FOLDERS["guide"]).glob("*.md"))
        first = Page(OVERVIEW, f"{title}: what there is and how to call it", folder / f"{OVERVIEW}.md", "overview")
        whole = Page(WHOLE, f"{title}: everything on one page", folder / f"{self.api['slug']}.md", "whole")
        return {
            "overview": {OVERVIEW: first},
            "whole": {WHOLE: whole},
            "guide": {path.stem: Page(path.stem, _title(path), path, "guide") for path in guides},
            "tool": {
                name: Page(name, tool.summary, folder / FOLDERS["tool"] / f"{name}.md")
                for name, tool in self.registry.tools.items()
            },
            "type": {
                name: Page(name, _about(self.registry.types[name]), folder / FOLDERS["type"] / f"{stem}.md", "type")
                for name, stem in file_stems(self.registry.types).items()
            },
        }

    def page(self, name: str) -> Page:
        """Return a page by name.

        The slug or the name of the API, and `overview`, give the overview; `reference` gives everything on one page. A
        tool is found by any of its names, also behind the names of the API (`integrations.SLUG.TOOL`), a guide by its
        name or its title, a type by its name. Where one name means two pages, `tools/NAME`, `types/NAME` and
        `guides/NAME` choose. Raises `UnknownTool` with the nearest pages.
        """
        from tool_runtime.errors import UnknownTool

        for page in self._meant(name.strip().removesuffix(".md")):
            if page.path.is_file():
                return page
            where = page.path.as_posix().rpartition("reference/")[2]
            self._unreadable(f"reference/{where}", "it is not installed")
        near = self._nearest(name)
        hint = f"Nearest: {', '.join(near)}." if near else f"{self.api['command']} docs lists the pages."
        message = f"there is no page named {name[:200]!r}"
        raise UnknownTool(message, nearest=near, hint=hint)

    def _meant(self, name: str) -> "Iterator[Page]":
        """Yield the pages that a name may mean, the likeliest one first."""
        from tool_runtime.errors import UnknownTool

        folder, _, last = name.removeprefix("reference/").rpartition("/")
        kinds = [kind for kind, place in FOLDERS.items() if folder in {kind, place}] if folder else list(FOLDERS)
        bare = self._bare(last)
        if not folder:
            if bare in {self.api["slug"], self.api["name"], OVERVIEW}:
                yield self._pages["overview"][OVERVIEW]
            if bare == WHOLE:
                yield self._pages["whole"][WHOLE]
        if "tool" in kinds:
            tool, _, part = bare.rpartition(".") if bare.endswith(PARTS) else (bare, "", "")
            with suppress(UnknownTool):
                page = self._pages["tool"][self.registry.resolve(tool).name]
                yield (
                    replace(page, name=f"{page.name}.{part}", path=page.path.with_suffix(f".{part}.md"))
                    if part
                    else page
                )
        if "guide" in kinds:
            yield from (page for page in self._pages["guide"].values() if _folded(bare) == _folded(page.name))
        if "type" in kinds:
            types = self._pages["type"]
            yield from (
                [types[bare]] if bare in types else [types[one] for one in types if _folded(one) == _folded(bare)]
            )
        if "guide" in kinds:
            # The title, or a word of the title: `outcomes` of "Retries and outcomes".
            titles = {page.name: _folded(page.summary) for page in self._pages["guide"].values()}
            held = [one for one, title in titles.items() if title == _folded(bare) or _folded(bare) in title.split("_")]
            yield from (self._pages["guide"][one] for one in held)

    def _bare(self, name: str) -> str:
        """Return the name behind those of the API: `app.integrations.my_api.get_book` -> `get_book`."""
        for prefix in ("app.", "integrations."):
            name = name.removeprefix(prefix)
        for own in (self.api["slug"], self.api["name"]):
            name = name.removeprefix(f"{own}.") or name
        return name

    def _nearest(self, name: str) -> tuple[str, ...]:
        from tool_runtime.values.suggestions import nearest_names

        known = [page.name for kind in _ORDER for page in self._pages[kind].values()]
        part = _folded(name)
        inside = [page for kind in _ORDER for page in self._pages[kind].values() if part and _holds(page, part)]
        return nearest_names(name, known) or tuple(page.name for page in inside)

    def search(self, words: str, limit: int = 10) -> "Sequence[Page]":
        """Return the pages that match some words, best first: `search("hang up a call")` begins with `stop_call`."""
        return tuple(self.page(name) for name in self._index.find(words, limit))

    @cached_property
    def _index(self) -> "Index":
        from tool_runtime.surfaces.common.search import Index, text_of_guide, text_of_tool, text_of_type

        pages = {kind: [page for page in self._pages[kind].values() if page.path.is_file()] for kind in FOLDERS}
        tools = self.registry.tools
        texts = [text_of_tool(f"tools/{page.name}", tools[page.name], self.registry) for page in pages["tool"]]
        texts += [text_of_guide(f"guides/{page.name}", page.name, page.read()) for page in pages["guide"]]
        texts += [text_of_type(f"types/{page.name}", page.name, page.summary) for page in pages["type"]]
        return Index(texts)

    def _json(self, name: str) -> Any:
        try:
            # The import of pathlib would take a large part of the time that `--help` may take.
            with open(f"{self.folder}/{name}", "rb") as file:  # noqa: PTH123 - as above
                return json.load(file)
        except (OSError, ValueError) as error:
            return self._unreadable(name, str(error))

    def _unreadable(self, name: str, reason: str) -> Any:
        from tool_runtime.errors import SpecError

        message = f"{self.folder}/{name} cannot be read: {reason}"
        raise SpecError(message, hint="Install the package again, or regenerate the bindings.")


def _title(path: "Path") -> str:
    """Return the title of a guide: the text of the first heading."""
    try:
        with path.open(encoding="utf-8") as lines:
            return next((line.removeprefix("# ").strip() for line in lines if line.startswith("# ")), path.stem)
    except (OSError, UnicodeDecodeError):
        return path.stem


def _about(schema: Any) -> str:
    text = schema.get("description", "") if isinstance(schema, Mapping) else ""
    return " ".join(str(text).split("\n\n", 1)[0].split())


def _folded(name: str) -> str:
    return re.sub(r"[-\s]+", "_", name.strip().lower())


def _holds(page: Page, part: str) -> bool:
    return part in _folded(page.name) or (page.kind == "guide" and part in _folded(page.summary))
