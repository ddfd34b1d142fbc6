"""The commands that read: `list`, `docs` and `schema`."""

import click

from tool_runtime.surfaces.cli import output
from tool_runtime.surfaces.cli.session import Session


@click.command("list")
@click.pass_obj
def list_command(session: Session) -> None:
    """List the tools: name, class and effects, and what each does.

    In a pipe: one tool a line, fields separated by tabs.
    """
    from tool_runtime.surfaces.cli import listing

    listing.show_tools(session)


@click.command("docs")
@click.argument("page", required=False)
@click.pass_obj
def docs_command(session: Session, page: str | None) -> None:
    """Read the reference, or list its pages.

    PAGE is a tool, by any of its names, or the API for all of it on one page. In a pipe: Markdown.
    """
    from tool_runtime.surfaces.cli import listing

    if page is None:
        listing.show_pages(session, session.package.pages)
        return
    found = session.package.page(page)
    text = found.read()
    data = {"page": found.name, "summary": found.summary, "markdown": text}
    session.give(data, lambda: output.write_markdown(text))


@click.command("schema")
@click.argument("tool")
@click.pass_obj
def schema_command(session: Session, tool: str) -> None:
    """Show the arguments of TOOL, by any of its names, as JSON Schema (draft 2020-12)."""
    session.give(session.package.schema(tool))
