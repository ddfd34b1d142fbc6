"""The commands under `webhooks`: receive, look up, send again, make up and check deliveries.

Owns their words and what they show. The key that signs is the one in the variable that ends in `_WEBHOOK_KEY`, or else
that of the account; with `--sandbox` also the key with which this program calls a sandbox.
"""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tool_runtime.errors import ConfigurationError
from tool_runtime.surfaces.cli import exits, output
from tool_runtime.surfaces.cli.sandbox_commands import CommandsWithCommonOptions, assignments
from tool_runtime.surfaces.cli.session import Session

if TYPE_CHECKING:
    from tool_runtime.surfaces.cli.webhook_listener import Journal, Judge, Received

_DEFAULT_PORT = 8767


@click.group("webhooks", cls=CommandsWithCommonOptions)
def webhooks_command() -> None:
    """Receive webhooks on this machine, look at them, forward them, send them again, or make some up."""


def _judge(session: Session) -> "Judge":
    from tool_runtime.surfaces.cli.webhook_listener import Judge

    return Judge(session.registry, _keys(session))


def _keys(session: Session) -> list[Any]:
    """Return the keys that may have signed, the one to sign with first."""
    from tool_runtime.accounts.stored_accounts import read_accounts
    from tool_runtime.values.secrets import Secret

    registry = session.registry
    found: list[Any] = []
    named = os.environ.get(f"{session.environment}_WEBHOOK_KEY")
    if named:
        found.append(Secret(named))
    if session.on_sandbox:
        found += [Secret("sandbox-key"), Secret("sandbox")]
    try:
        account = read_accounts(registry, os.environ).get(session.account)
    except ConfigurationError:
        if not found:
            raise
        return found
    return [*found, account.key] if account.key is not None else found


def _journal(session: Session, path: Path | None) -> "Journal":
    from tool_runtime.surfaces.cli.webhook_listener import Journal
    from tool_runtime.surfaces.common.agent_client import state_folder

    return Journal(path or state_folder(session.registry) / "webhooks.jsonl")


_journal_option = click.option(
    "--journal", type=click.Path(path_type=Path), help="The file that keeps deliveries. Default: in your state folder."
)


@webhooks_command.command("listen")
@click.option("--port", type=click.IntRange(0, 65535), default=_DEFAULT_PORT, show_default=True, help="0: a free one.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Where to listen.")
@click.option("--forward-to", metavar="URL", help="Send each on to your receiver, signed anew; its answer goes back.")
@click.option("--events", metavar="A,B", default="", help="Only these events.")
@click.option("--answer", metavar="JSON", help="Answer questions so, such as call_inbound, instead of forwarding them.")
@click.option("--skip-verify", is_flag=True, help="Take deliveries whose signature does not fit too.")
@click.option("--ready-file", type=click.Path(path_type=Path), help="Written when it listens: JSON with the url.")
@click.option("--count", type=click.IntRange(1), help="End after so many deliveries.")
@_journal_option
@click.pass_obj
def listen_command(session: Session, /, *, port: int, host: str, forward_to: str | None, **more: Any) -> None:
    """Receive deliveries until Ctrl-C: the sandbox's, or real ones through a tunnel of yours.

    Each is verified, kept in the journal, shown, and forwarded with --forward-to. With --json: one delivery a line.
    """
    import signal
    import threading

    from tool_runtime.sandbox.server.running import write_file
    from tool_runtime.surfaces.cli.webhook_listener import Listener, Settings

    names = tuple(name.strip() for name in more["events"].split(",") if name.strip())
    _check_events(session, names)
    judge = _judge(session)
    if not judge.keys and not more["skip_verify"]:
        message = "there is no key to verify deliveries with"
        hint = f"Set {session.environment}_WEBHOOK_KEY to the key that signs, or pass --skip-verify."
        raise ConfigurationError(message, hint=hint)
    left = [more["count"]]
    done = threading.Event()
    lock = threading.Lock()

    def show(received: "Received") -> None:
        with lock:
            _show(session, received)
            if left[0] is not None:
                left[0] -= 1
                if left[0] <= 0:
                    done.set()

    answer = None if more["answer"] is None else more["answer"].encode()
    settings = Settings(forward_to, names, more["skip_verify"], answer)
    listener = Listener(judge, _journal(session, more["journal"]), settings, show, host, port)
    threading.Thread(target=listener.server.serve_forever, daemon=True).start()
    output.note(f"Listening on {listener.url}; deliveries are kept in {_journal(session, more['journal']).path}")
    if more["ready_file"] is not None:
        write_file(more["ready_file"], {"url": listener.url, "port": listener.port, "pid": os.getpid()})
    signal.signal(signal.SIGTERM, lambda *_: done.set())
    try:
        done.wait()
    except KeyboardInterrupt:
        pass
    finally:
        listener.server.shutdown()
        listener.server.server_close()
    session.given = True


def _check_events(session: Session, names: tuple[str, ...]) -> None:
    from tool_runtime.sandbox.mistakes import check_choice

    known = tuple(session.registry.webhooks.events) if session.registry.webhooks is not None else ()
    for name in names:
        check_choice("an event", name, known)


def _show(session: Session, received: "Received") -> None:
    if session.as_json:
        output.write(output.to_json(received.to_dict(), indent=None))
    else:
        mark = "verified" if received.verified else f"NOT VERIFIED ({received.refusal})"
        again = f", again: {received.repeats} was the first" if received.repeats else ""
        output.write(f"{received.id}  {received.event or 'no event'}  {mark}{again}")
        if received.forwarded is not None:
            went = received.forwarded["status"] or received.forwarded["error"]
            output.write(f"  forwarded to {received.forwarded['to']}: {went} in {received.forwarded['ms']} ms")
        _show_verdict(received.means, received.faults)
        body = _parsed(received.body)
        if output.is_terminal() and body is not None:
            output.write_json(body)
    output.flush()


def _show_verdict(means: Sequence[str], faults: Sequence[str]) -> None:
    for line in means:
        output.write(f"  = {line}")
    for fault in faults:
        output.write(f"  ! {fault}")


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


@webhooks_command.command("log")
@click.option("--event", help="Only this event.")
@click.option("--max", "most", type=click.IntRange(1), default=20, show_default=True, help="How many, the latest.")
@_journal_option
@click.pass_obj
def log_command(session: Session, event: str | None, most: int, journal: Path | None) -> None:
    """List deliveries of the journal, the latest last."""
    entries = [one for one in _journal(session, journal).entries() if event in (None, one.get("event"))][-most:]

    def show() -> None:
        for one in entries:
            mark = "verified" if one.get("verified") else "NOT VERIFIED"
            output.write(f"{one.get('id')}  {one.get('event') or 'no event'}  {mark}")

    session.give(entries, show)


@webhooks_command.command("replay")
@click.argument("delivery", metavar="ID")
@click.option("--to", metavar="URL", required=False, help="Where to. Default: where it was forwarded to.")
@_journal_option
@click.pass_obj
def replay_command(session: Session, delivery: str, to: str | None, journal: Path | None) -> None:
    """Send a delivery of the journal once more, signed anew: by its ID, the end of it, or `last`."""
    found = _journal(session, journal).find(delivery)
    address = to or (found.get("forwarded") or {}).get("to")
    if not address:
        message = "the delivery was not forwarded, so there is no address to send it to"
        raise ConfigurationError(message, hint="Name one with --to.")
    _deliver(session, address, str(found["body"]).encode(), found.get("event"))


@webhooks_command.command("trigger")
@click.argument("event")
@click.option("--to", metavar="URL", help="Where to. Default: the address of the running sandbox's account.")
@click.option("--set", "changes", multiple=True, metavar="FIELD=VALUE", help="Change a field: call.call_status=error")
@click.pass_obj
def trigger_command(session: Session, event: str, to: str | None, changes: tuple[str, ...]) -> None:
    """Make up a delivery of EVENT, signed, and send it. Exit code 6 unless it was taken.

    EVENT may also be `function`: the request of a custom function.
    """
    from tool_runtime.sandbox.sample_events import sample_event

    values = assignments(changes)
    payload = sample_event(session.registry, event, values)
    if to is None:
        from tool_runtime.surfaces.common.agent_client import running_sandbox

        running = running_sandbox(session.registry)
        if running is None:
            message = "there is no address to send it to"
            raise ConfigurationError(message, hint="Name one with --to, or run a sandbox with --webhook-url.")
        session.give(running.ask("POST", "/webhooks", {"event": event, "set": values}))
        return
    _deliver(session, to, json.dumps(payload, separators=(",", ":")).encode(), event)


def _deliver(session: Session, url: str, body: bytes, event: str | None) -> None:
    from tool_runtime.surfaces.cli.webhook_listener import forward

    judge = _judge(session)
    outcome = forward(judge, url, body)
    verdict = None if outcome["status"] is None else judge.verdict(event, outcome["status"], outcome["content"])
    faults, means = ([], []) if verdict is None else (list(verdict.faults), list(verdict.means))
    taken = outcome["status"] is not None and 200 <= outcome["status"] < 300  # noqa: PLR2004
    told = {name: outcome[name] for name in ("to", "status", "error", "ms", "answer")}
    data = {"event": event, **told, "signed": bool(judge.keys), "faults": faults, "means": means}
    data["body"] = _parsed(body.decode())

    def show() -> None:
        output.write(f"{event or 'a request'} to {url}: {outcome['status'] or outcome['error']} in {outcome['ms']} ms")
        if not judge.keys:
            output.write("  not signed: there is no key")
        _show_verdict(means, faults)
        if outcome["answer"]:
            output.write(outcome["answer"])

    session.give(data, show)
    if not taken:
        raise click.exceptions.Exit(exits.FAILED)


@webhooks_command.command("check-answer")
@click.argument("event")
@click.argument("answer", type=click.File("rb"))
@click.option("--status", type=click.IntRange(100, 599), default=200, show_default=True, help="The answer's status.")
@click.pass_obj
def check_answer_command(session: Session, event: str, answer: Any, status: int) -> None:
    """Say what the answer in a file (- for standard input) to EVENT decides, and what is wrong with it.

    EVENT is such as call_inbound, or `function`. Exit code 5 if the API acts on the answer as on none.
    """
    from tool_runtime.sandbox.mistakes import check_choice
    from tool_runtime.sandbox.sample_events import FUNCTION
    from tool_runtime.sandbox.webhook_answers import judge_answer

    webhooks = session.registry.webhooks
    functions = (FUNCTION,) if webhooks is not None and webhooks.functions is not None else ()
    check_choice("an event", event, (*(webhooks.events if webhooks is not None else ()), *functions))
    verdict = judge_answer(session.registry, event, status, answer.read())
    means = list(verdict.means) or (["no body is needed, and none is read"] if verdict.counts else [])
    data = {"event": event, "counts": verdict.counts, "means": means, "faults": list(verdict.faults)}

    def show() -> None:
        output.write(f"{event}: {'the answer counts' if verdict.counts else 'the API acts on this answer as on none'}")
        _show_verdict(means, verdict.faults)

    session.give(data, show)
    if not verdict.counts:
        raise click.exceptions.Exit(exits.REFUSED)


@webhooks_command.command("verify")
@click.argument("body", type=click.File("rb"))
@click.option("--signature", required=True, help="The value of the signature header.")
@click.option("--at", type=float, help="Judge the time of the signature as of then: seconds since 1970.")
@click.pass_obj
def verify_command(session: Session, body: Any, signature: str, at: float | None) -> None:
    """Check a body in a file (- for standard input), as it came in, against its signature.

    Exit code 5 if the signature does not fit.
    """
    judge = _judge(session)
    if not judge.keys:
        message = "there is no key to verify with"
        raise ConfigurationError(message, hint=f"Set {session.environment}_WEBHOOK_KEY to the key that signs.")
    found = judge.look(body.read(), signature, now=at)
    data = {
        "verified": found.verified,
        "event": found.event,
        "refusal": found.refusal,
        "dedupe_key": found.dedupe_key,
        "faults": found.faults,
    }
    lines = [f"verified: {found.event}" if found.verified else f"not verified: {found.refusal}"]
    session.give(data, lambda: output.write("\n".join([*lines, *(f"  ! {fault}" for fault in found.faults)])))
    if not found.verified:
        raise click.exceptions.Exit(exits.REFUSED)
