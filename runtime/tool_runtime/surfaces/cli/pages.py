"""The pages of the generated reference: the whole of it under the API's slug, and one page a tool.

Knows the folder and the names. What stands on a page is the generator's.
"""

from dataclasses import dataclass
from pathlib import Path

from tool_runtime.core.errors import SpecError, UnknownTool
from tool_runtime.core.suggestions import nearest_names
from tool_runtime.surfaces.cli.session import Session


@dataclass(frozen=True, slots=True)
class Page:
    """One page: the name to ask for it by, a line about it, and its file."""

    name: str
    summary: str
    path: Path

    def read(self) -> str:
        """Return the page's Markdown."""
        try:
            return self.path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            message = f"the page {self.name} cannot be read: {error}"
            raise SpecError(message) from error


def list_pages(session: Session) -> list[Page]:
    """Return every page: the whole reference first, then the tools in the order of the spec."""
    folder = Path(session.package_folder, "reference")
    slug = str(session.api["slug"])
    pages = [Page(slug, f"{session.title}: the whole reference on one page", folder / f"{slug}.md")]
    tools = session.document["tools"]
    pages += [Page(name, str(tools[name].get("summary", "")), folder / f"{name}.md") for name in tools]
    return [page for page in pages if page.path.is_file()]


def find_page(session: Session, name: str) -> Page:
    """Return the page of a tool, by any of its names, or of the whole reference, by the API's slug or name.

    Raises:
        UnknownTool: there is no such page; the error names the nearest ones.
    """
    api = session.api
    pages = {page.name: page for page in list_pages(session)}
    if name.removesuffix(".md") in {api["slug"], api["name"]}:
        name = str(api["slug"])
    else:
        try:
            name = session.registry.resolve(name.removesuffix(".md")).name
        except UnknownTool:
            near = nearest_names(name, pages) or tuple(page for page in pages if name and name in page)
            hint = f"Nearest: {', '.join(near)}." if near else f"{session.program} docs lists the pages."
            message = f"there is no page named {name[:200]!r}"
            raise UnknownTool(message, nearest=near, hint=hint) from None
    if name not in pages:
        message = f"the page {name} is not installed"
        raise SpecError(message)
    return pages[name]
