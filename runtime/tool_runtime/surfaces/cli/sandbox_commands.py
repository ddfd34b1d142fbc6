"""The commands under `sandbox`: run a sandbox as a server, and steer the one that runs.

Owns their words and what they show. All but `serve` ask the sandbox's own API, at the address of `--url` or of the
sandbox that this user runs.
"""

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tool_runtime.errors import ConfigurationError
from tool_runtime.surfaces.cli import output
from tool_runtime.surfaces.cli.common_options import add_common_options
from tool_runtime.surfaces.cli.session import Session

if TYPE_CHECKING:
    from tool_runtime.sandbox.clocks import Clock
    from tool_runtime.sandbox.server.remote import RunningSandbox

_DEFAULT_PORT = 8766


class CommandsWithCommonOptions(click.Group):
    """A group whose commands take the options that every command takes."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command of the group."""
        command = super().get_command(ctx, cmd_name)
        if command is not None:
            add_common_options(command)
        return command

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order in which they stand here."""
        del ctx
        return list(self.commands)


@click.group("sandbox", cls=CommandsWithCommonOptions)
@click.option("--url", metavar="URL", help="The sandbox to steer. Default: the one that you run.")
@click.pass_context
def sandbox_command(context: click.Context, url: str | None) -> None:
    """Run a sandbox that any program in any language can call, and steer it.

    While one runs, `call --sandbox` uses it, so that steps on a shell build on each other.
    """
    context.meta["sandbox_url"] = url


def running(session: Session) -> "RunningSandbox":
    """Return the sandbox that the command is about."""
    from tool_runtime.sandbox.server.remote import RunningSandbox
    from tool_runtime.surfaces.common.agent_client import running_sandbox

    url = click.get_current_context().meta.get("sandbox_url")
    if url:
        return RunningSandbox(session.registry, url)
    found = running_sandbox(session.registry)
    if found is None:
        message = "no sandbox is running"
        raise ConfigurationError(message, hint=f"Start one: {session.program} sandbox serve. Or name one with --url.")
    return found


def _clock(text: str, start: str | None) -> "Clock":
    from datetime import datetime

    from tool_runtime.sandbox import START, RunningClock, VirtualClock

    try:
        begin = None if start is None else datetime.fromisoformat(start)
    except ValueError:
        message = f"--start is a time such as 2026-03-01T09:00:00Z, not {start!r:.40}"
        raise ConfigurationError(message) from None
    if text == "virtual":
        return VirtualClock(begin or START)
    if text == "real":
        return RunningClock(start=begin)
    try:
        return RunningClock(float(text.removesuffix("x")), begin)
    except ValueError:
        message = f"--clock is real, virtual, or how many times as fast as time (such as 60), not {text!r:.40}"
        raise ConfigurationError(message) from None


@sandbox_command.command("serve")
@click.option("--port", type=click.IntRange(0, 65535), default=_DEFAULT_PORT, show_default=True, help="0: a free one.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Where to listen.")
@click.option("--ready-file", type=click.Path(path_type=Path), help="Written when it listens: JSON with the url.")
@click.option("--seed", type=click.Path(path_type=Path), help="JSON: names of resources to lists of records.")
@click.option("--state", type=click.Path(path_type=Path), help="A file that keeps all records over restarts.")
@click.option("--clock", default="real", show_default=True, help="real, virtual, or N times as fast as time.")
@click.option("--start", metavar="TIME", help="Where the clock begins. Default: now, virtual: 2026-01-01.")
@click.option(
    "--unknown-ids",
    type=click.Choice(["refuse", "sample"]),
    default="refuse",
    show_default=True,
    help="Whether an id that nobody made is refused, or stands for a record of the right kind.",
)
@click.option("--strict", is_flag=True, help="Refuse fields and parameters that the API does not declare.")
@click.option("--examples/--no-examples", default=True, show_default=True, help="The records of the reference.")
@click.option("--api-key", "api_keys", multiple=True, help="Accept this key, and no others. May be repeated.")
@click.option("--webhook-url", help="The account's address for webhooks.")
@click.option("--webhook-key", help="What signs webhooks. Default: the key of the latest request.")
@click.option(
    "--journal",
    type=click.IntRange(1, 1_000_000),
    default=1000,
    show_default=True,
    help="How many requests and webhooks are remembered.",
)
@click.option("--allow-origin", multiple=True, metavar="ORIGIN", help="Let pages of https://HOST use it. Repeatable.")
@click.option("--chance", type=int, default=0, help="The seed of failures that strike by chance.")
@click.pass_obj
def serve_command(
    session: Session, /, *, port: int, host: str, ready_file: Path | None, seed: Path | None, **more: Any
) -> None:
    """Serve until Ctrl-C: point a program's base URL at the address that is shown."""
    import asyncio

    from tool_runtime.sandbox import Sandbox
    from tool_runtime.sandbox.server.running import RUNNING_FILE, write_file
    from tool_runtime.sandbox.server.serving import SandboxServer
    from tool_runtime.surfaces.common.agent_client import state_folder

    sandbox = Sandbox(
        session.registry,
        examples=more["examples"],
        clock=_clock(more["clock"], more["start"]),
        unknown_ids=more["unknown_ids"],
        strict=more["strict"],
        api_keys=more["api_keys"] or None,
        webhook_url=more["webhook_url"],
        webhook_key=more["webhook_key"],
        journal=more["journal"],
        seed=more["chance"],
    )
    origins = tuple(origin.rstrip("/") for origin in more["allow_origin"])
    server = SandboxServer(sandbox, host=host, port=port, state=more["state"], origins=origins)
    if seed is not None:
        _sow(sandbox, seed)
    told = {"url": server.url, "port": server.port, "pid": os.getpid()}
    announced = state_folder(session.registry) / RUNNING_FILE

    def ready() -> None:
        write_file(announced, told)
        if ready_file is not None:
            write_file(ready_file, told)
        session.give(told, lambda: _show_start(session, server.url))

    try:
        asyncio.run(server.serve(ready, signals=True))
    finally:
        _withdraw(announced, server.url)


def _sow(sandbox: Any, path: Path) -> None:
    try:
        given = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        message = f"the seed {path} cannot be read: {error}"
        raise ConfigurationError(message) from error
    if isinstance(given, dict) and "sandbox_state" in given:
        sandbox.import_state(given)
    else:
        sandbox.seed(given)


def _withdraw(announced: Path, url: str) -> None:
    """Remove the file by which others find the sandbox, unless another one has written it meanwhile."""
    try:
        if json.loads(announced.read_text(encoding="utf-8")).get("url") == url:
            announced.unlink()
    except (OSError, ValueError, AttributeError):
        return


def _show_start(session: Session, url: str) -> None:
    output.write(f"The sandbox of {session.title} listens on {url}")
    output.write(f"  {session.environment}_BASE_URL={url} {session.environment}_API_KEY=anything your-program")
    output.write(f"  {session.program} call --sandbox ...   uses it while it runs")
    output.write(f"  {url}/__sandbox/   shows requests, records, calls, webhooks and the clock")
    output.write("Ctrl-C ends it.")


def _value(text: str) -> Any:
    """Return the JSON that a text writes, or the text itself."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def assignments(words: tuple[str, ...]) -> dict[str, Any]:
    """Return what `name=value` words say: `("times=2", "tool=get_call")` is `{"times": 2, "tool": "get_call"}`."""
    found = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or not name:
            message = f"{word!r:.60} is not of the form name=value"
            raise click.UsageError(message)
        found[name] = _value(value)
    return found


@sandbox_command.command("status")
@click.pass_obj
def status_command(session: Session) -> None:
    """Show the running sandbox: its address, records, clock and failures."""
    sandbox = running(session)
    info = sandbox.ask("GET", "/info")
    told = {
        "url": sandbox.url,
        "clock": sandbox.ask("GET", "/clock"),
        "requests": sandbox.ask("GET", "/health")["requests"],
        "records": {name: one["records"] for name, one in info["resources"].items()},
        "failures": sandbox.ask("GET", "/failures")["failures"],
        "settings": info["settings"],
    }
    session.give(told)


@sandbox_command.command("reset")
@click.pass_obj
def reset_command(session: Session) -> None:
    """Go back to the start records; requests, failures and webhooks are forgotten."""
    session.give(running(session).ask("POST", "/reset"))


@sandbox_command.command("export")
@click.pass_obj
def export_command(session: Session) -> None:
    """Write the whole state to stdout as JSON, for `sandbox import` or --seed."""
    session.give(running(session).ask("GET", "/state"))


@sandbox_command.command("import")
@click.argument("file", type=click.File("r", encoding="utf-8"))
@click.pass_obj
def import_command(session: Session, file: Any) -> None:
    """Go to the state in FILE (- for standard input), which `sandbox export` wrote."""
    try:
        state = json.load(file)
    except ValueError as error:
        message = f"the state cannot be read: {error}"
        raise ConfigurationError(message) from error
    session.give(running(session).ask("PUT", "/state", state.get("data", state) if isinstance(state, dict) else state))


@sandbox_command.command("clock")
@click.argument("action", type=click.Choice(["show", "advance", "freeze", "run", "next"]), default="show")
@click.argument("seconds", type=float, required=False)
@click.pass_obj
def clock_command(session: Session, action: str, seconds: float | None) -> None:
    """Show the clock, advance it by SECONDS, freeze it, let it run, or go to the next change of a record."""
    if (action == "advance") != (seconds is not None):
        message = "advance takes SECONDS, and nothing else does"
        raise click.UsageError(message)
    bodies: dict[str, dict[str, Any]] = {
        "advance": {"advance": seconds},
        "freeze": {"freeze": True},
        "run": {"freeze": False},
        "next": {"to_next_change": True},
    }
    sandbox = running(session)
    session.give(sandbox.ask("POST", "/clock", bodies[action]) if action in bodies else sandbox.ask("GET", "/clock"))


@sandbox_command.command("fail")
@click.argument("kind", default="status")
@click.argument("settings", nargs=-1)
@click.pass_obj
def fail_command(session: Session, kind: str, settings: tuple[str, ...]) -> None:
    """Let requests go wrong: KIND is such as status, limit, slow, lose_answer, cut or alter.

    SETTINGS are name=value: tool, times (null: always), skip, probability, status, retry_after, delay, message,
    changes. Example: fail status tool=create_phone_call status=503 times=2
    """
    session.give(running(session).ask("POST", "/failures", {"kind": kind, **assignments(settings)}))


@sandbox_command.command("heal")
@click.argument("number", type=int, required=False)
@click.pass_obj
def heal_command(session: Session, number: int | None) -> None:
    """Take back the failure NUMBER, or all."""
    session.give(running(session).ask("DELETE", "/failures" if number is None else f"/failures/{number}"))


@sandbox_command.command("requests")
@click.argument("filters", nargs=-1)
@click.pass_obj
def requests_command(session: Session, filters: tuple[str, ...]) -> None:
    """Show what was received: FILTERS are tool=, method=, path=, status=, failure=, after=, limit=."""
    query = {name: str(value) for name, value in assignments(filters).items()}
    session.give(running(session).ask("GET", "/requests", query=query))


@sandbox_command.command("records")
@click.argument("resource", required=False)
@click.argument("record_id", required=False)
@click.pass_obj
def records_command(session: Session, resource: str | None, record_id: str | None) -> None:
    """Show how many records there are, those of a RESOURCE, or one of them."""
    parts = [_segment(part) for part in (resource, record_id) if part]
    session.give(running(session).ask("GET", "/".join(["/records", *parts])))


def _segment(text: str) -> str:
    from urllib.parse import quote

    return quote(text, safe="")


@sandbox_command.command("put")
@click.argument("resource")
@click.argument("record", metavar="JSON")
@click.pass_obj
def put_command(session: Session, resource: str, record: str) -> None:
    """Add a record to a RESOURCE, or replace the one with its id."""
    session.give(running(session).ask("POST", f"/records/{_segment(resource)}", _value(record)))


@sandbox_command.command("do")
@click.argument("resource")
@click.argument("record_id")
@click.argument("action")
@click.argument("settings", nargs=-1)
@click.pass_obj
def do_command(session: Session, resource: str, record_id: str, action: str, settings: tuple[str, ...]) -> None:
    """Do to a record what no caller can: do call call_1 answer, hang_up, or say text="Hello?".

    `sandbox status --json` and GET /__sandbox/info list what there is.
    """
    path = f"/records/{_segment(resource)}/{_segment(record_id)}/{_segment(action)}"
    given = {
        name: value if not isinstance(value, int | float) else str(value)
        for name, value in assignments(settings).items()
    }
    session.give(running(session).ask("POST", path, given))


@sandbox_command.command("incoming")
@click.argument("resource")
@click.argument("settings", nargs=-1)
@click.pass_obj
def incoming_command(session: Session, resource: str, settings: tuple[str, ...]) -> None:
    """Let something come in from outside: incoming call from_number=+1... to_number=+1..."""
    given: dict[str, Any] = {}
    for word in settings:
        name, _, value = word.partition("=")
        given[name] = value
    session.give(running(session).ask("POST", f"/records/{_segment(resource)}", given))


@sandbox_command.command("webhooks")
@click.argument("number", type=int, required=False)
@click.pass_obj
def deliveries_command(session: Session, number: int | None) -> None:
    """Show the webhooks that were sent, or the one of a NUMBER."""
    session.give(running(session).ask("GET", "/webhooks" if number is None else f"/webhooks/{number}"))


@sandbox_command.command("resend")
@click.argument("number", type=int)
@click.option("--to", metavar="URL", help="Another address than before.")
@click.pass_obj
def resend_command(session: Session, number: int, to: str | None) -> None:
    """Send the webhook NUMBER once more."""
    session.give(running(session).ask("POST", f"/webhooks/{number}/resend", {"url": to} if to else {}))


@sandbox_command.command("twist")
@click.argument("kind")
@click.argument("settings", nargs=-1)
@click.pass_obj
def twist_command(session: Session, kind: str, settings: tuple[str, ...]) -> None:
    """Let the next webhook go wrong: duplicate, late, out_of_order, wrong_signature, stale_signature or drop.

    SETTINGS are event=, times=, seconds=.
    """
    session.give(running(session).ask("POST", "/webhooks/twists", {"kind": kind, **assignments(settings)}))


@sandbox_command.command("webhook-url")
@click.argument("url", required=False)
@click.pass_obj
def webhook_url_command(session: Session, url: str | None) -> None:
    """Set the account's address for webhooks; without URL, none."""
    session.give(running(session).ask("PUT", "/webhooks/settings", {"url": url}))
