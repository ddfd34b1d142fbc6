"""`mcp serve` and `mcp profile`: which tools are served, to whom, and what they may do."""

import os
from collections.abc import Callable
from typing import Any, TypeVar

import click

from tool_runtime.surfaces.cli import output
from tool_runtime.surfaces.cli.common_options import calling_options
from tool_runtime.surfaces.cli.session import Session

_Command = TypeVar("_Command", bound=Callable[..., Any])


def choosing_options(command: _Command) -> _Command:
    """Decorate a command that takes the choices of a server."""
    options: tuple[tuple[tuple[str, ...], dict[str, Any]], ...] = (
        (("--expose",), {"metavar": "MODE", "help": "search (4 tools, small), code (scripts), tools (one for each)."}),
        (("--write",), {"metavar": "WORD", "help": "deny (the default), ask (a person says yes), allow."}),
        (
            ("--include",),
            {"metavar": "SELECTOR", "multiple": True, "help": "Only these: a tool, group:NAME, class:read."},
        ),
        (("--exclude",), {"metavar": "SELECTOR", "multiple": True, "help": "Not these; also effect:dial."}),
        (("--upstream", "upstreams"), {"metavar": "NAME", "multiple": True, "help": "Offer another server's tools."}),
        (("--resources/--no-resources",), {"default": None, "help": "Offer pages as resources."}),
        (("--prompts/--no-prompts",), {"default": None, "help": "Offer prompts."}),
        (("--max-result-bytes",), {"type": int, "metavar": "N", "help": "Cut longer results. 50000."}),
        (("--patience",), {"type": float, "metavar": "SECONDS", "help": "Answer with a handle after this. 45."}),
    )
    for names, settings in reversed(options):
        command = click.option(*names, **settings)(command)
    return command


@click.command("serve")
@click.option("--profile", metavar="NAME", help="Choices that were kept by mcp profile NAME.")
@click.option("--http", is_flag=True, help="Serve over HTTP on this machine instead of stdin and stdout.")
@click.option("--host", default="127.0.0.1", metavar="ADDRESS", help="The address of loopback to listen on.")
@click.option("--port", type=int, default=8765, metavar="N", help="The port; 0 for a free one.")
@click.option("--allow-host", multiple=True, metavar="NAME", help="The name of a proxy in front.")
@choosing_options
@calling_options
@click.pass_context
def serve_command(
    context: click.Context,
    /,
    *,
    profile: str | None,
    http: bool,
    host: str,
    port: int,
    allow_host: tuple[str, ...],
    **choices: Any,
) -> None:
    """Serve the tools to the client that starts this command, over stdin and stdout.

    Writes are hidden and refused unless --write says otherwise. A write that was made is never made twice because a
    client asks again: an equal one within ten minutes is answered with the first one's outcome.
    """
    from tool_runtime.surfaces.common.agent_client import AgentOptions
    from tool_runtime.surfaces.common.entries import load_entry

    session: Session = context.obj
    load = _loader(session, load_entry)
    kept = load("mcp.serve_options:read_profile")(_profiles(session, load), profile) if profile is not None else None
    options = load("mcp.serve_options:chosen")(choices, kept)
    if session.force:
        raise click.UsageError("--force means nothing here: --write allow lifts what a policy asks", context)
    agent = AgentOptions(
        account=session.account,
        sandbox=session.sandbox,
        read_only=session.read_only,
        timeout=session.timeout,
        retries=session.retries,
    )
    listening = load("mcp.starting:Listening")(host=host, port=port, allowed=allow_host) if http else None
    context.exit(load("mcp.starting:serve")(session.package, options, agent, os.environ, listening))


def _loader(session: Session, load_entry: Callable[[str, str], Any]) -> Callable[[str], Any]:
    return lambda entry: load_entry(entry, str(session.api.get("distribution") or session.api["name"]))


def _profiles(session: Session, load: Callable[[str], Any]) -> Any:
    from tool_runtime.accounts.accounts_file import user_file_path

    folder = user_file_path(session.program, session.environment, os.environ).parent
    return load("mcp.serve_options:profiles_path")(folder)


@click.command("profile")
@click.argument("name", required=False)
@choosing_options
@click.pass_obj
def profile_command(session: Session, /, name: str | None, **choices: Any) -> None:
    """Keep choices under NAME for serve --profile NAME; without choices, show them; without NAME, list all."""
    from tool_runtime.surfaces.common.entries import load_entry

    load = _loader(session, load_entry)
    path = _profiles(session, load)
    given = {key: value for key, value in choices.items() if value is not None and value != ()}
    known = load("mcp.serve_options:read_profiles")(path)
    if name is None:
        listed = {one: _plain(profile.choices) for one, profile in known.items()}
        lines = [f"{one}: {_line(kept)}" for one, kept in listed.items()]
        session.give(listed, lambda: output.write("\n".join(lines) or "none"))
        return
    if given:
        profile = load("mcp.serve_options:Profile")(name, given)
        load("mcp.serve_options:keep_profile")(path, profile)
    else:
        profile = load("mcp.serve_options:read_profile")(path, name)
    shown: dict[str, Any] = {"name": name, "choices": _plain(profile.choices), "file": str(path)}
    session.give(shown, lambda: output.write(f"{name}: {_line(shown['choices'])}"))


def _plain(choices: Any) -> dict[str, Any]:
    return {key: list(value) if isinstance(value, tuple) else value for key, value in choices.items()}


def _line(choices: dict[str, Any]) -> str:
    return ", ".join(
        f"{key} {', '.join(value) if isinstance(value, list) else value}" for key, value in choices.items()
    )
