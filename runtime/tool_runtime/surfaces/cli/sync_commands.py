"""`sync kinds, pull, diff, push`: records of the API as files in a folder.

The spec says which kinds of records there are; this module knows none by name. Pulling reads. Pushing writes: the plan
is shown, a person says yes once, and the gate and the ledger see each write as they see any other.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tool_runtime.surfaces.cli import output
from tool_runtime.surfaces.cli.common_options import add_common_options, calling_options
from tool_runtime.surfaces.cli.questions import agrees, can_ask, confirmation
from tool_runtime.surfaces.cli.session import Session

if TYPE_CHECKING:
    from tool_runtime.core.gate import Invocation
    from tool_runtime.surfaces.cli.sync_work import Push, Sync
    from tool_runtime.surfaces.common.client import Client

ALL = "all"


def _folder(command: Any) -> Any:
    text = "Where the files are. Default: the folder of the API's name."
    return click.option("--dir", "folder", type=click.Path(file_okay=False, path_type=Path), help=text)(command)


@click.group("sync")
def sync_command() -> None:
    """Keep records as files: pull them, show what differs, push what was changed.

    A record is a folder with record.json; long texts, such as prompts, are files of their own. `sync kinds` lists what
    can be kept.
    """


@sync_command.command("kinds")
@click.pass_obj
def kinds_command(session: Session) -> None:
    """List the kinds of records that can be kept as files."""
    session.function = "sync kinds"
    kinds = session.registry.sync
    data = [{"kind": name, "summary": kind.summary, "creates": kind.create is not None} for name, kind in kinds.items()]
    session.give(data, lambda: output.write("\n".join(f"{name}\t{kind.summary}" for name, kind in kinds.items())))


@sync_command.command("pull")
@click.argument("kind")
@click.argument("ids", nargs=-1)
@_folder
@click.option("--overwrite", is_flag=True, help="Take the API's values where both sides changed. Drops yours.")
@calling_options
@click.pass_obj
def pull_command(session: Session, kind: str, ids: tuple[str, ...], folder: Path | None, *, overwrite: bool) -> None:
    """Read records of KIND into files: those with the IDS, or all. KIND may be "all".

    Files that were changed here stay as they are, and are named.
    """
    from tool_runtime.surfaces.cli import sync_view

    session.function = "sync pull"
    found: list[dict[str, Any]] = []
    with _syncs(session, kind, ids, folder) as syncs:
        for sync in syncs:
            for standing in sync.pull(ids, overwrite=overwrite):
                kept = standing.state not in {"same", "changed_there", "new_there"} and not overwrite
                found.append({"kind": sync.kind.name, **standing.to_dict(), "written": not kept})
                if not session.as_json:
                    output.note(sync_view.pulled(sync.kind.name, standing, kept=kept))
        session.give(found, lambda: output.write(sync_view.pull_summary(found)))


@sync_command.command("diff")
@click.argument("kind", default=ALL)
@click.argument("ids", nargs=-1)
@_folder
@calling_options
@click.pass_obj
def diff_command(session: Session, kind: str, ids: tuple[str, ...], folder: Path | None) -> None:
    """Show, field by field, how files and API differ. Without KIND: every kind that has files."""
    from tool_runtime.surfaces.cli import sync_view

    session.function = "sync diff"
    with _syncs(session, kind, ids, folder, only_kept=kind == ALL) as syncs:
        found = [(sync.kind.name, standing) for sync in syncs for standing in sync.standings(ids, listed=kind != ALL)]
        data = [{"kind": name, **standing.to_dict()} for name, standing in found]
        session.give(data, lambda: sync_view.show(found))


@sync_command.command("push")
@click.argument("kind")
@click.argument("ids", nargs=-1)
@_folder
@click.option("--yes", is_flag=True, help="Push without this command's question. Lifts no policy.")
@click.option("--dry-run", is_flag=True, help="Show what would be sent. Sends no write.")
@click.option("--overwrite", is_flag=True, help="Keep your values where both sides changed. Drops theirs.")
@calling_options
@click.pass_obj
def push_command(
    session: Session,
    kind: str,
    ids: tuple[str, ...],
    folder: Path | None,
    *,
    yes: bool,
    dry_run: bool,
    overwrite: bool,
) -> None:
    """Send what was changed in files of KIND to the API: of the IDS, or of all records.

    A record without an id is created. Nothing is sent before the arguments of every record fit, and a person said yes.
    """
    from tool_runtime.surfaces.cli import sync_view

    session.function = "sync push"
    agreed: list[bool] = []
    gate = confirmation(session)

    def confirm(invocation: "Invocation") -> bool:
        # A yes to the whole plan is a yes to each write of the plan.
        return bool(agreed) or (gate is not None and gate(invocation))

    with _syncs(session, kind, ids, folder, confirm=confirm if gate is not None else None) as syncs:
        plan = [(sync, push) for sync in syncs for push in sync.plan(ids, overwrite=overwrite)]
        shown = [_described(sync, push) for sync, push in plan]
        if dry_run or not plan:
            session.meta["dry_run"] = dry_run
            session.give(shown, lambda: output.write(sync_view.plan_summary(shown)))
            return
        if not (yes or session.force):
            sync_view.show([(sync.kind.name, push.standing) for sync, push in plan], to_stderr=True)
            _ask(len(plan))
            agreed.append(True)
        done: list[dict[str, Any]] = []
        session.data = done
        for (sync, push), entry in zip(plan, shown, strict=True):
            session.running = session.registry.resolve(push.tool)
            record = sync.push(push)
            session.running = None
            done.append({**entry, "id": str(record.get(sync.kind.id, entry["id"]))})
            if not session.as_json:
                output.note(f"{sync.kind.name} {done[-1]['id']}: pushed")
        session.done = True
        session.give(done, lambda: output.write(f"{len(done)} pushed"))


def _described(sync: "Sync", push: "Push") -> dict[str, Any]:
    return {
        "kind": sync.kind.name,
        "id": push.standing.name,
        "tool": push.tool,
        "fields": sorted(name for name in push.arguments if name != sync.kind.id),
    }


def _ask(count: int) -> None:
    """Ask for a yes to the plan. Raises `PolicyRefused` where nobody says yes."""
    from tool_runtime.errors import PolicyRefused

    records = f"{count} record{'s' if count > 1 else ''}"
    if not can_ask():
        message = f"{records} would be changed, and nobody can be asked here"
        raise PolicyRefused(message, hint="Add --yes to push without a question.")
    if not agrees(f"to push {records}"):
        raise PolicyRefused(f"{records} would be changed, and the answer was no")


@contextmanager
def _syncs(
    session: Session,
    kind: str,
    ids: Sequence[str],
    folder: Path | None,
    *,
    only_kept: bool = False,
    confirm: Any = None,
) -> "Iterator[list[Sync]]":
    from tool_runtime.errors import UsageError
    from tool_runtime.surfaces.cli.sync_work import Sync, find_kind

    kinds = session.registry.sync
    if kind == ALL and ids:
        raise UsageError("ids belong to one kind of records", hint=f"Name the kind in place of {ALL!r}.")
    chosen = list(kinds.values()) if kind == ALL else [find_kind(kinds, kind)]
    root = folder or Path(str(session.api["slug"]))

    client: Client = session.client(confirm=confirm)
    with client:
        session.meta |= {"account": client.account_name, "sandbox": client.sandbox is not None}
        syncs = [Sync(client, one, root) for one in chosen]
        yield [sync for sync in syncs if not only_kept or sync.records.root.is_dir()]


for _command in sync_command.commands.values():
    add_common_options(_command)
