"""A generated package for the surfaces: registry, head, schemas, reference pages, and search over the pages.

This module owns the names of the generated files. `--help` shows the head (`api.json`) only, so help reads no
registry; every other part is read at the first use. The generator owns the content of the files.
"""

import json
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tool_runtime.core.registry import Registry


@dataclass(frozen=True, slots=True)
class Page:
    """One page of the reference: its name, a line about the page, and its file."""

    name: str
    summary: str
    path: "Path"

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

    @cached_property
    def pages(self) -> "Sequence[Page]":
        """Every page: the whole reference first, then the tools in the order of the spec."""
        from pathlib import Path

        folder, slug = Path(self.folder, "reference"), self.api["slug"]
        pages = [Page(slug, f"{self.api['title']}: the whole reference on one page", folder / f"{slug}.md")]
        pages += [Page(name, tool.summary, folder / f"{name}.md") for name, tool in self.registry.tools.items()]
        return tuple(page for page in pages if page.path.is_file())

    def page(self, name: str) -> Page:
        """Return the page of a tool, by any name of the tool; or the whole reference, by the slug or name of the API.

        Raises `UnknownTool` with the nearest pages.
        """
        from tool_runtime.errors import UnknownTool
        from tool_runtime.values.suggestions import nearest_names

        wanted = name.removesuffix(".md")
        pages = {page.name: page for page in self.pages}
        if wanted in {self.api["slug"], self.api["name"]}:
            wanted = self.api["slug"]
        elif wanted not in pages:
            try:
                wanted = self.registry.resolve(wanted).name
            except UnknownTool:
                near = nearest_names(name, pages) or tuple(page for page in pages if name and name in page)
                hint = f"Nearest: {', '.join(near)}." if near else f"{self.api['command']} docs lists the pages."
                message = f"there is no page named {name[:200]!r}"
                raise UnknownTool(message, nearest=near, hint=hint) from None
        return pages[wanted] if wanted in pages else self._unreadable(f"reference/{wanted}.md", "it is not installed")

    def search(self, words: str, limit: int = 10) -> "Sequence[Page]":
        """Return the pages that match some words, best first: `search("hang up a call")` gives `stop_call`."""
        from tool_runtime.surfaces.common.search import Index, text_of

        if "_index" not in self.__dict__:
            self._index = Index(text_of(tool, self.registry) for tool in self.registry.tools.values())
        return tuple(self.page(name) for name in self._index.find(words, limit))

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
