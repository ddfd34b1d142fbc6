"""The commands that read: `list`, `search`, `docs`, `schema` and `examples`. Nothing here sends a request."""

from typing import TYPE_CHECKING, Any

import click

from tool_runtime.surfaces.cli import output
from tool_runtime.surfaces.cli.session import Session

if TYPE_CHECKING:
    from collections.abc import Iterable


@click.command("list")
@click.option("--group", metavar="GROUP", help="Only the tools of this group.")
@click.option("--class", "tool_class", metavar="CLASS", help="Only reads, or only writes.")
@click.option("--effect", metavar="EFFECT", help="Only tools with this effect: dial, spend, publish, destroy.")
@click.pass_obj
def list_command(session: Session, group: str | None, tool_class: str | None, effect: str | None) -> None:
    """List the tools: name, class and effects, and what each does.

    In a pipe: one tool a line, fields separated by tabs.
    """
    from tool_runtime.surfaces.cli import listing

    listing.show_tools(session, listing.chosen(session.registry, group, tool_class, effect))


@click.command("search")
@click.argument("words", nargs=-1, required=True)
@click.option("--limit", type=click.IntRange(1, 100), default=10, metavar="N", help="At most so many. Default 10.")
@click.pass_obj
def search_command(session: Session, words: tuple[str, ...], limit: int) -> None:
    """Find tools, guides and types by WORDS, best first: `search hang up a call`."""
    _show_found(session, " ".join(words), limit)


def _show_found(session: Session, words: str, limit: int = 10) -> None:
    from tool_runtime.surfaces.cli import listing

    found = session.package.search(words, limit)
    if not found and not session.as_json:
        output.note(f"{session.program}: nothing fits {words[:80]!r}; {session.program} list shows every tool.")
    listing.show_pages(session, found)


@click.command("docs")
@click.argument("page", nargs=-1, metavar="[PAGE] | search WORDS...")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "markdown", "json"]),
    help="Default: text for a person, else markdown.",
)
@click.pass_obj
def docs_command(session: Session, page: tuple[str, ...], form: str | None) -> None:
    """Read the reference, or list its pages.

    PAGE is a tool by any of its names, a guide such as errors or webhooks, a type, "overview" to begin with, or
    "reference" for everything on one page. In a pipe: Markdown.
    """
    from tool_runtime.errors import UsageError
    from tool_runtime.surfaces.cli import listing, page_view

    if not page:
        listing.show_pages(session, [one for one in session.package.pages if one.kind != "type"], form=form)
        return
    if page[0] == "search":
        if len(page) == 1:
            raise UsageError("docs search needs words", hint=f"{session.program} docs search hang up a call")
        _show_found(session, " ".join(page[1:]))
        return
    if len(page) > 1:
        hint = f"To look for words: {session.program} docs search {' '.join(page)}"
        raise UsageError(f"docs shows one page, not {len(page)}", hint=hint)
    found = session.package.page(page[0])
    text = found.read()
    data = {"page": found.name, "kind": found.kind, "summary": found.summary, "markdown": text}
    if form == "json":
        session.give(data)
    elif form == "text" or (form is None and output.is_terminal()):
        session.give(data, lambda: page_view.show(text))
    else:
        session.give(data, lambda: output.write(text.rstrip("\n")))


@click.command("schema")
@click.argument("tool")
@click.option(
    "--format",
    "form",
    type=click.Choice(["json-schema", "shallow", "openai", "anthropic", "gemini", "mcp"]),
    help="The whole schema (the default), a shallow one, or the definition that a provider of models takes.",
)
@click.option("--skeleton", is_flag=True, help="Arguments to fill in instead: those that are required.")
@click.option("--all", "everything", is_flag=True, help="With --skeleton: the optional arguments too.")
@click.pass_obj
def schema_command(session: Session, tool: str, form: str | None, *, skeleton: bool, everything: bool) -> None:
    """Show the arguments of TOOL, by any of its names, as JSON Schema (draft 2020-12).

    A filled skeleton is what `call TOOL @file` reads.
    """
    from tool_runtime.errors import UsageError
    from tool_runtime.surfaces.common import tool_definitions

    package = session.package
    found = package.registry.resolve(tool)
    if everything and not skeleton:
        raise UsageError("--all belongs to --skeleton", hint=f"{session.program} schema {tool} --skeleton --all")
    if skeleton and form is not None:
        raise UsageError("--skeleton makes arguments, and --format a schema", hint="Give one of them.")
    if skeleton:
        session.give(tool_definitions.skeleton(found, package.registry.types, everything=everything))
    elif form in {None, "json-schema"}:
        session.give(package.schema(found.name))
    else:
        shallow = package.shallow_schema(found.name)
        session.give(shallow if form == "shallow" else tool_definitions.tool_definition(found, shallow, str(form)))


@click.command("examples")
@click.argument("tool", required=False)
@click.option(
    "--language",
    "languages",
    type=click.Choice(["shell", "python", "lua", "json"]),
    multiple=True,
    help="Only this language; may stand several times.",
)
@click.pass_obj
def examples_command(session: Session, tool: str | None, languages: tuple[str, ...]) -> None:
    """Show runnable examples for shell, Python, Lua and JSON: of TOOL, or of every tool.

    They work on the sandbox as they stand. In a pipe: Markdown.
    """
    from tool_runtime.surfaces.cli import page_view
    from tool_runtime.surfaces.common.examples import LANGUAGES, examples_of

    package = session.package
    names = [package.registry.resolve(tool).name] if tool is not None else list(package.registry)
    wanted = [name for name in LANGUAGES if name in languages or not languages]
    found = [example for name in names for example in examples_of(package, name)]
    data: list[dict[str, Any]] = [
        {"tool": one.tool, "title": one.title, **{name: one.sources[name] for name in wanted}} for one in found
    ]

    def parts() -> "Iterable[str]":
        for example in found:
            yield f"## {example.tool}: {example.title}"
            yield from (f"```{LANGUAGES[name]}\n{example.sources[name]}\n```" for name in wanted)

    def show() -> None:
        text = "\n\n".join(parts())
        page_view.show(text) if output.is_terminal() else output.write(text)

    session.give(data, show)
