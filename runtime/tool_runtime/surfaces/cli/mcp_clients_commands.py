"""`mcp config`, `install`, `bundle` and `server-json`: our server in the files of clients and registries."""

import os
import shutil
import sys
from pathlib import Path
from typing import Any

import click

from tool_runtime.surfaces.cli import output
from tool_runtime.surfaces.cli.session import Session
from tool_runtime.surfaces.common.entries import load_entry


def _load(session: Session, entry: str) -> Any:
    return load_entry(entry, str(session.api.get("distribution") or session.api["name"]))


def _wanted(session: Session, name: str | None, url: str | None, *, pass_key: bool, absolute: bool, words: Any) -> Any:
    prefix = session.environment
    command = session.program
    if absolute:
        # A program with a window has another PATH than a shell.
        beside = Path(sys.argv[0]).resolve()
        command = shutil.which(command) or (str(beside) if beside.name.startswith(command) else command)
    args = ["mcp", "serve", *_account_words(session)]
    return _load(session, "mcp.client_files:Wanted")(
        name=name or session.program,
        command=command,
        args=(*args, *words),
        key_variable=f"{prefix}_API_KEY",
        token_variable=f"{prefix}_MCP_TOKEN",
        url=url,
        pass_key=pass_key,
    )


def _account_words(session: Session) -> list[str]:
    """Return the words that choose the account of a server as this command's own line does."""
    words = ["--sandbox"] if session.sandbox else []
    return words + (["--account", session.account] if session.account is not None else [])


@click.command("config")
@click.option("--client", metavar="NAME", help="claude-code, claude-desktop, cursor, vscode, windsurf or codex.")
@click.option("--name", metavar="NAME", help="The name of the server in the file.")
@click.option("--url", metavar="URL", help="The server runs already, over HTTP.")
@click.option("--pass-key", is_flag=True, help="Hand the key's variable on, where the client can.")
@click.option("--profile", metavar="NAME", help="The profile to serve with.")
@click.option("--write", metavar="WORD", help="deny, ask or allow.")
@click.option("--expose", metavar="MODE", help="search, code or tools.")
@click.pass_obj
def config_command(
    session: Session,
    *,
    client: str | None,
    name: str | None,
    url: str | None,
    pass_key: bool,
    profile: str | None,
    write: str | None,
    expose: str | None,
) -> None:
    """Show the entry for a client's own file; without --client, for every client. Nothing is written."""
    known = (
        [_load(session, "mcp.client_files:known_client")(client)]
        if client
        else list(_load(session, "mcp.client_files:CLIENTS"))
    )
    words = _words(session, profile, write, expose)
    shown: dict[str, str] = {}
    for one in known:
        wanted = _wanted(session, name, url, pass_key=pass_key, absolute=one == "claude-desktop", words=words)
        try:
            shown[one] = _load(session, "mcp.client_files:config_text")(one, wanted)
        except click.ClickException:
            raise
        except Exception:
            if client:
                raise
    where = {one: str(_file(session, one, everywhere=one in {"claude-desktop", "windsurf"})) for one in shown}
    data = {one: {"file": where[one], "text": text} for one, text in shown.items()}

    def show() -> None:
        parts = [f"# {one}: {where[one]}\n{text}" if client is None else text for one, text in shown.items()]
        output.write("\n".join(parts).rstrip())

    session.give(data if client is None else data[known[0]], show)


def _words(session: Session, profile: str | None, write: str | None, expose: str | None) -> list[str]:
    choices = {key: value for key, value in (("write", write), ("expose", expose)) if value is not None}
    _load(session, "mcp.serve_options:chosen")(choices)
    words = ["--profile", profile] if profile else []
    return words + [word for key, value in choices.items() for word in (f"--{key}", value)]


def _file(session: Session, client: str, *, everywhere: bool) -> Path:
    found: Path = _load(session, "mcp.client_files:file_of")(client, Path.cwd(), os.environ, everywhere=everywhere)
    return found


@click.command("install")
@click.option(
    "--client", required=True, metavar="NAME", help="claude-code, claude-desktop, cursor, vscode, windsurf or codex."
)
@click.option("--global", "everywhere", is_flag=True, help="The user's own file instead of the project's.")
@click.option("--name", metavar="NAME", help="The name of the server in the file.")
@click.option("--url", metavar="URL", help="The server runs already, over HTTP.")
@click.option("--pass-key", is_flag=True, help="Hand the key's variable on, where the client can.")
@click.option("--profile", metavar="NAME", help="The profile to serve with.")
@click.option("--write", metavar="WORD", help="deny, ask or allow.")
@click.option("--expose", metavar="MODE", help="search, code or tools.")
@click.option("--yes", is_flag=True, help="Write without asking.")
@click.option("--dry-run", is_flag=True, help="Show the change, and write nothing.")
@click.pass_obj
def install_command(
    session: Session,
    *,
    client: str,
    everywhere: bool,
    name: str | None,
    url: str | None,
    pass_key: bool,
    profile: str | None,
    write: str | None,
    expose: str | None,
    yes: bool,
    dry_run: bool,
) -> None:
    """Write the entry into a client's own file. The change is shown first; everything else in the file stays."""
    chosen = _load(session, "mcp.client_files:known_client")(client)
    everywhere = everywhere or chosen in {"claude-desktop", "windsurf"}
    words = _words(session, profile, write, expose)
    wanted = _wanted(session, name, url, pass_key=pass_key, absolute=everywhere, words=words)
    path = _file(session, chosen, everywhere=everywhere)
    change = _load(session, "mcp.client_files:planned")(chosen, path, wanted)
    _make(session, change, f"{path} holds the entry already", yes=yes, dry_run=dry_run)


@click.command("uninstall")
@click.option(
    "--client", required=True, metavar="NAME", help="claude-code, claude-desktop, cursor, vscode, windsurf or codex."
)
@click.option("--global", "everywhere", is_flag=True, help="The user's own file instead of the project's.")
@click.option("--name", metavar="NAME", help="The name of the server in the file.")
@click.option("--yes", is_flag=True, help="Write without asking.")
@click.option("--dry-run", is_flag=True, help="Show the change, and write nothing.")
@click.pass_obj
def uninstall_command(
    session: Session, *, client: str, everywhere: bool, name: str | None, yes: bool, dry_run: bool
) -> None:
    """Take the entry out of a client's own file. The change is shown first; everything else in the file stays."""
    chosen = _load(session, "mcp.client_files:known_client")(client)
    path = _file(session, chosen, everywhere=everywhere or chosen in {"claude-desktop", "windsurf"})
    known = name or session.program
    change = _load(session, "mcp.client_files:planned_removal")(chosen, path, known)
    _make(session, change, f"{path} has no entry {known}", yes=yes, dry_run=dry_run)


def _make(session: Session, change: Any, nothing: str, *, yes: bool, dry_run: bool) -> None:
    """Show a change, ask whether the change is right, and make the change. `nothing` is said where there is none."""
    from tool_runtime.errors import UsageError
    from tool_runtime.surfaces.cli import questions

    path = change.path
    data = {"client": change.client, "file": str(path), "changed": change.before != change.after, "diff": change.diff}
    for note in change.notes:
        output.note(note)
    if not data["changed"]:
        session.give({**data, "written": False}, lambda: output.write(nothing))
        return
    output.note(change.diff)
    if not (yes or dry_run):
        if not questions.can_ask():
            raise UsageError("nobody can be asked whether this change is right", hint="Add --yes, or --dry-run.")
        if click.prompt(f"Write {path}? Type yes", "", show_default=False, err=True).strip().lower() != "yes":
            raise UsageError("nothing was written")
    if not dry_run:
        _load(session, "mcp.client_files:write")(change)
    said = f"{path}: shown, not written" if dry_run else f"{path}: written. Restart the client."
    session.give({**data, "written": not dry_run}, lambda: output.write(said))


@click.command("bundle")
@click.option("--path", type=click.Path(path_type=Path), metavar="FILE", help="Where to write. NAME-VERSION.mcpb here.")
@click.pass_obj
def bundle_command(session: Session, *, path: Path | None) -> None:
    """Write a bundle (.mcpb): a desktop client installs it, asks for the key, and keeps the key.

    With --account or --sandbox the bundle uses that account, and asks for no key.
    """
    api = session.api
    target = path or Path(f"{api.get('distribution') or api['name']}-{api['version']}.mcpb")
    data = _load(session, "mcp.bundle:bundle")(session.package, _account_words(session))
    target.write_bytes(data)
    session.give({"file": str(target), "bytes": len(data)}, lambda: output.write(f"{target}: {len(data)} bytes"))


@click.command("server-json")
@click.option("--name", required=True, metavar="NAME", help="The name in the registry: io.github.OWNER/NAME.")
@click.option("--path", type=click.Path(path_type=Path), metavar="FILE", help="Write here instead of to stdout.")
@click.pass_obj
def server_json_command(session: Session, *, name: str, path: Path | None) -> None:
    """Write server.json for the registry of servers, checked by the rules of the registry.

    The registry believes that a package is yours when the README on PyPI holds the line: mcp-name: NAME
    """
    import json

    document = _load(session, "mcp.bundle:server_json")(session.package, name)
    if path is None:
        session.give(document)
        return
    path.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    session.give({"file": str(path)}, lambda: output.write(f"{path}: written"))
