"""What the commands about other servers share: the places of entries, connections, and calls with policy and ledger."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tool_runtime.surfaces.cli.session import Session
from tool_runtime.surfaces.common.entries import load_entry


def load(session: Session, entry: str) -> Any:
    """Return a function or class of the surface MCP. Raises `MissingExtra`."""
    return load_entry(f"mcp.{entry}", str(session.api.get("distribution") or session.api["name"]))


def places_of(session: Session) -> Any:
    """Return where servers are written down."""
    return load(session, "hub:Places")(session.api, os.environ)


def has_servers(session: Session) -> bool:
    """Whether this user or project has servers of others. Loads no library: most runs have none."""
    from pathlib import Path

    from tool_runtime.accounts.accounts_file import user_file_path
    from tool_runtime.errors import ConfigurationError

    entries = "server_entries"
    try:
        own = load(session, f"{entries}:user_file")(
            user_file_path(session.program, session.environment, os.environ).parent
        )
        return own.is_file() or load(session, f"{entries}:project_folder")(Path.cwd()) is not None
    except (OSError, ConfigurationError):
        return False


@contextmanager
def lists_of(session: Session) -> Iterator[Any]:
    """Give calls that can list already, before the options of the run are read; `policy_of` lets them send."""
    with load(session, "hub:BlockingHub")(places_of(session)) as hub:
        yield load(session, "server_calls:ServerCalls")(hub, None, surface="cli")


@contextmanager
def policy_of(session: Session, calls: Any) -> Iterator[Any]:
    """Let calls send: by the policy and the ledger that the options of the run choose."""
    from tool_runtime.surfaces.cli.questions import confirmation

    confirm = confirmation(session)
    with _client(session, "cli", confirm, delivers=False) as client:
        calls.use(client, confirm)
        yield calls


def _client(session: Session, surface: str, confirm: Any, *, delivers: bool) -> Any:
    from tool_runtime.surfaces.common.agent_client import AgentOptions, agent_client

    kind = load(session, "server_calls:ServerClient")
    options = AgentOptions(
        account=session.account, sandbox=session.sandbox, force=session.force, read_only=session.read_only
    )
    return agent_client(session.registry, options, surface=surface, confirm=confirm, kind=kind, delivers=delivers)


@contextmanager
def calls_of(session: Session, *, surface: str = "cli", delivers: bool = False) -> Iterator[Any]:
    """Give the calls of other servers for one run; connections are closed at the end."""
    from tool_runtime.surfaces.cli.questions import confirmation

    confirm = confirmation(session)
    client = _client(session, surface, confirm, delivers=delivers)
    with client, load(session, "hub:BlockingHub")(places_of(session)) as hub:
        yield load(session, "server_calls:ServerCalls")(hub, client, surface=surface, confirm=confirm)
