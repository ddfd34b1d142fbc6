"""`mcp list, status, doctor, add, remove, enable, disable, trust, import, export`: the servers of others."""

from pathlib import Path
from typing import Any

import click

from tool_runtime.surfaces.cli import output
from tool_runtime.surfaces.cli.common_options import calling_options
from tool_runtime.surfaces.cli.mcp_session import calls_of, load, places_of
from tool_runtime.surfaces.cli.session import Session


def _table(rows: list[dict[str, Any]], columns: tuple[str, ...]) -> None:
    shown = [[str(row.get(name, "")) for name in columns] for row in rows]
    widths = [max([len(name), *(len(line[at]) for line in shown)]) for at, name in enumerate(columns)]
    for line in [list(columns), *shown]:
        output.write("  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip())


@click.command("list")
@click.option("--all", "every", is_flag=True, help="Disabled ones too.")
@click.pass_obj
def list_command(session: Session, *, every: bool) -> None:
    """List the servers of this project and of yours. Nothing is started."""
    rows = load(session, "server_table:rows")(places_of(session))
    shown = [row for row in rows if every or row["enabled"]]

    def show() -> None:
        if shown:
            _table(shown, ("name", "type", "trust", "target", "file"))
        else:
            output.note(f"No servers. To add one: {session.program} mcp add NAME -- COMMAND ARGUMENTS")

    session.give(shown, show)


@click.command("status")
@click.pass_obj
def status_command(session: Session) -> None:
    """Connect to each server that may run, and show what it offers."""
    with calls_of(session) as calls:
        rows = load(session, "server_table:status")(calls, calls.hub.places)

    def show() -> None:
        if rows:
            _table(rows, ("name", "state", "tools", "resources", "prompts", "error"))
        else:
            output.note("No servers.")

    session.give(rows, show)


@click.command("doctor")
@click.pass_context
def doctor_command(context: click.Context) -> None:
    """Look for what does not work: files, variables, programs, trust, connections. Exit code 3 where something is."""
    session: Session = context.obj
    with calls_of(session) as calls:
        found = load(session, "server_table:doctor")(calls, calls.hub.places)

    def show() -> None:
        for one in found:
            output.write(f"{one['server'] or 'the files'}: {one['problem']}\n  next: {one['next']}")
        if not found:
            output.write("everything works")

    session.give(found, show, next_commands=[one["next"] for one in found])
    if found:
        context.exit(3)


@click.command("add")
@click.argument("name")
@click.argument("command", nargs=-1, metavar="[-- COMMAND ARGUMENTS...]")
@click.option("--type", "kind", metavar="TYPE", help="stdio, http or sse.")
@click.option("--command", "program", metavar="COMMAND", help="The program of a stdio server.")
@click.option("--arg", "arguments", multiple=True, metavar="ARGUMENT", help="An argument of the program.")
@click.option("--url", metavar="URL", help="The address of an HTTP server.")
@click.option("--env", multiple=True, metavar="NAME=VALUE", help="A variable for the program.")
@click.option("--header", multiple=True, metavar="NAME=VALUE", help="A header for the address.")
@click.option("--cwd", metavar="FOLDER", help="Where the program runs.")
@click.option("--timeout", type=float, metavar="SECONDS", help="For one request. 60.")
@click.option("--disabled", is_flag=True, help="Add it without enabling it.")
@click.option("--global", "everywhere", is_flag=True, help="For you, in every folder; else for this project.")
@click.option("--replace", is_flag=True, help="Replace an entry of the same name.")
@click.pass_obj
def add_command(
    session: Session,
    *,
    name: str,
    command: tuple[str, ...],
    kind: str | None,
    program: str | None,
    arguments: tuple[str, ...],
    url: str | None,
    env: tuple[str, ...],
    header: tuple[str, ...],
    cwd: str | None,
    timeout: float | None,
    disabled: bool,
    everywhere: bool,
    replace: bool,
) -> None:
    """Add the server NAME: a command, or --url. Secrets are written as ${secret:NAME} (mcp secret set NAME)."""
    if command and program:
        raise click.UsageError("the command is given twice")
    words = [*command] if command else [program] if program else []
    raw: dict[str, Any] = {"type": kind} if kind else {}
    raw |= {"command": words[0], "args": [*words[1:], *arguments]} if words else {}
    raw |= {"url": url} if url is not None else {}
    raw |= {"env": _pairs(env)} if env else {}
    raw |= {"headers": _pairs(header)} if header else {}
    raw |= {"cwd": cwd} if cwd else {}
    raw |= {"timeout": timeout} if timeout is not None else {}
    raw |= {"disabled": True} if disabled else {}
    places = places_of(session)
    path = load(session, "server_edits:add")(places, name, raw, everywhere=everywhere, replace=replace)
    if not everywhere:
        # Whoever adds an entry has seen the entry.
        load(session, "server_trust:trust")(places.trust_file, places.entry(name))
    session.give({"name": name, "file": str(path)}, lambda: output.write(f"{name}: added to {path}"))


def _pairs(given: tuple[str, ...]) -> dict[str, str]:
    found = {}
    for one in given:
        name, equals, value = one.partition("=")
        if not equals or not name:
            raise click.UsageError(f"{one[:40]!r} is not NAME=VALUE")
        found[name] = value
    return found


@click.command("remove")
@click.argument("name")
@click.pass_obj
def remove_command(session: Session, *, name: str) -> None:
    """Remove the server NAME from the file that it stands in."""
    path = load(session, "server_edits:remove")(places_of(session), name)
    session.give({"name": name, "file": str(path)}, lambda: output.write(f"{name}: removed from {path}"))


@click.command("enable")
@click.argument("name")
@click.pass_obj
def enable_command(session: Session, *, name: str) -> None:
    """Enable the server NAME. A project's server needs trust besides."""
    _switch(session, name, on=True)


@click.command("disable")
@click.argument("name")
@click.pass_obj
def disable_command(session: Session, *, name: str) -> None:
    """Disable the server NAME: it stays in its file, and nothing starts it."""
    _switch(session, name, on=False)


def _switch(session: Session, name: str, *, on: bool) -> None:
    places = places_of(session)
    trusted = load(session, "server_trust:read_trust")(places.trust_file)
    was_trusted = load(session, "server_trust:state_of")(places.entry(name), trusted) == "trusted"
    path = load(session, "server_edits:enable")(places, name, on=on)
    if was_trusted:
        # Our own change of an entry that was trusted is no change by somebody else.
        load(session, "server_trust:trust")(places.trust_file, places.entry(name))
    done = {"name": name, "enabled": on, "file": str(path)}
    session.give(done, lambda: output.write(f"{name}: {'enabled' if on else 'disabled'} in {path}"))


@click.command("trust")
@click.argument("name")
@click.option("--remove", is_flag=True, help="Trust it no longer.")
@click.pass_obj
def trust_command(session: Session, *, name: str, remove: bool) -> None:
    """Let the project's server NAME run as its entry stands now. A changed entry asks again."""
    places = places_of(session)
    entry = places.entry(name)
    act = load(session, "server_trust:distrust" if remove else "server_trust:trust")
    act(places.trust_file, entry)
    done = {"name": name, "target": entry.target, "file": str(entry.path), "trusted": not remove}
    word = "is trusted no longer" if remove else "is trusted as it stands"
    session.give(done, lambda: output.write(f"{name} {word}: {entry.target}"))


@click.command("import")
@click.argument("source", type=click.Path(path_type=Path), metavar="FILE")
@click.option("--global", "everywhere", is_flag=True, help="Into your own file; else into the project's.")
@click.option("--replace", is_flag=True, help="Replace entries of the same name.")
@click.pass_obj
def import_command(session: Session, *, source: Path, everywhere: bool, replace: bool) -> None:
    """Add the servers of another program's FILE. What is imported into a project needs mcp trust."""
    done = load(session, "server_edits:import_file")(places_of(session), source, everywhere=everywhere, replace=replace)

    def show() -> None:
        output.write(f"added: {', '.join(done['added']) or 'none'}")
        if done["kept"]:
            output.write(f"kept as they are: {', '.join(done['kept'])} (--replace)")

    session.give(done, show)


@click.command("export")
@click.option("--format", "form", default="mcpServers", metavar="FORM", help="mcpServers or vscode.")
@click.option("--path", type=click.Path(path_type=Path), metavar="FILE", help="Write here instead of to stdout.")
@click.pass_obj
def export_command(session: Session, *, form: str, path: Path | None) -> None:
    """Write all servers for another program, with variables and secrets as they are written."""
    text = load(session, "server_edits:export")(places_of(session), form)
    if path is None:
        session.give({"text": text}, lambda: output.write(text.rstrip()))
        return
    path.write_text(text, encoding="utf-8")
    session.give({"file": str(path)}, lambda: output.write(f"{path}: written"))


calling_options(status_command)
calling_options(doctor_command)
