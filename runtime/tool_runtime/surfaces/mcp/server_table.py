"""The table of servers for people: what stands where, whether it may run, and what is wrong with it.

`doctor` survives whatever is broken: a file that cannot be read, a variable that is missing, a program that is not
there, a server that dies. Each finding says what to run next.
"""

import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tool_runtime.errors import ToolError
from tool_runtime.surfaces.mcp.hub import BlockingHub, Places
from tool_runtime.surfaces.mcp.server_calls import ServerCalls
from tool_runtime.surfaces.mcp.server_entries import ServerEntry, expanded
from tool_runtime.surfaces.mcp.server_trust import read_trust, state_of


def rows(places: Places) -> list[dict[str, Any]]:
    """Return a row for each server. Raises `ConfigurationError`."""
    trusted = read_trust(places.trust_file)
    return [_row(entry, trusted) for entry in places.entries().values()]


def _row(entry: ServerEntry, trusted: Mapping[str, str]) -> dict[str, Any]:
    return {
        "name": entry.name,
        "type": entry.kind,
        "target": entry.target,
        "enabled": entry.enabled,
        "trust": state_of(entry, trusted),
        "file": str(entry.path),
    }


def status(calls: ServerCalls, places: Places) -> list[dict[str, Any]]:
    """Connect to each server that may run, and return what it offers or what went wrong."""
    found = []
    for row in rows(places):
        name = row["name"]
        if not row["enabled"] or row["trust"] not in {"own", "trusted"}:
            found.append({**row, "state": "disabled" if not row["enabled"] else row["trust"]})
            continue
        started = time.monotonic()
        try:
            offered: dict[str, Any] = {"tools": len(calls.tools(name))}
            offered["resources"] = len(calls.resources(name)["resources"])
            offered["prompts"] = len(calls.prompts(name))
        except ToolError as error:
            found.append({**row, "state": "unreachable", "error": error.message})
            continue
        taken = round((time.monotonic() - started) * 1000)
        found.append({**row, "state": "connected", **offered, "duration_ms": taken})
    return found


def doctor(calls: ServerCalls, places: Places) -> list[dict[str, Any]]:
    """Return every finding: `{"server", "problem", "next"}`; none where everything works."""
    command = places.command
    try:
        known = rows(places)
    except ToolError as error:
        return [{"server": None, "problem": error.message, "next": error.hint or "Mend the file in an editor."}]
    found: list[dict[str, Any]] = []
    for row in known:
        name = row["name"]
        entry = places.entry(name)
        if not row["enabled"]:
            continue
        if row["trust"] in {"untrusted", "changed"}:
            found.append({"server": name, "problem": f"it is {row['trust']}", "next": f"{command} mcp trust {name}"})
            continue
        try:
            ready = expanded(entry, places.environment, places.secrets.get, own_prefix=places.prefix)
        except ToolError as error:
            found.append({"server": name, "problem": error.message, "next": error.hint or f"Mend {entry.path}"})
            continue
        if ready.kind == "stdio" and not _is_there(ready):
            problem = f"there is no program {ready.command!r}"
            found.append({"server": name, "problem": problem, "next": "Install it, or mend the entry."})
            continue
        try:
            calls.tools(name)
        except ToolError as error:
            found.append(
                {"server": name, "problem": error.message, "next": error.hint or "Start it by hand, and look."}
            )
    return found


def _is_there(entry: ServerEntry) -> bool:
    if shutil.which(entry.command) is not None:
        return True
    folder = Path(entry.cwd) if entry.cwd else Path.cwd()
    return ("/" in entry.command or "\\" in entry.command) and (folder / entry.command).is_file()


def hub_of(places: Places) -> BlockingHub:
    """Return the connections of one run of the command line."""
    return BlockingHub(places)
