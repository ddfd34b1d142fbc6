"""Changes of the files of servers: add, remove, enable, disable, import, export.

A change touches one member of a file; everything else in the file stays as it is. Secrets do not belong into a file of
a project: a value that looks like one is refused, with the way that keeps it out.
"""

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tool_runtime.accounts.private_files import locked, replace_text
from tool_runtime.errors import ConfigurationError, UsageError
from tool_runtime.surfaces.mcp.hub import Places
from tool_runtime.surfaces.mcp.json_edit import with_member, without_member
from tool_runtime.surfaces.mcp.server_entries import KEYS, ServerEntry, parse_entry, read_document, servers_of
from tool_runtime.values.secrets import Secret

PROJECT_FILE = ".mcp.json"
_SECRET_NAME = re.compile(r"key|token|secret|password|authorization", re.IGNORECASE)
FORMS = {"mcpServers": "mcpServers", "vscode": "servers"}


def add(places: Places, name: str, raw: Mapping[str, Any], *, everywhere: bool, replace: bool = False) -> Path:
    """Add an entry to the project's file, or to the user's own, and return the file. Raises `ConfigurationError`."""
    path = places.user_file if everywhere else (places.start or Path.cwd()) / PROJECT_FILE
    parse_entry(name, dict(raw), path, None)
    if not everywhere:
        _refuse_secrets(name, raw)
    document = read_document(path)
    key = next((one for one in KEYS if one in document), "mcpServers")
    if name in servers_of(document, path) and not replace:
        raise ConfigurationError(f"{path} has a server {name!r} already", hint="Remove it first, or add --replace.")
    _edit(path, lambda text: with_member(text, [key, name], dict(raw)), private=everywhere)
    return path


def _refuse_secrets(name: str, raw: Mapping[str, Any]) -> None:
    for place in ("env", "headers"):
        for field, value in (raw.get(place) or {}).items():
            if _SECRET_NAME.search(field) and "${" not in str(value):
                message = f"{place}.{field} of {name} looks like a secret, and this file belongs to a project"
                hint = f"Run: mcp secret set {name}.{field}, and write ${{secret:{name}.{field}}}; or add --global."
                raise UsageError(message, hint=hint)


def remove(places: Places, name: str) -> Path:
    """Remove an entry from the file that it stands in, and return the file."""
    entry = places.entry(name)
    _edit_entry(entry, lambda text, key: without_member(text, [key, name]))
    return entry.path


def enable(places: Places, name: str, *, on: bool) -> Path:
    """Enable or disable an entry in its file, and return the file."""
    entry = places.entry(name)
    if on:
        _edit_entry(
            entry,
            lambda text, key: without_member(without_member(text, [key, name, "disabled"]), [key, name, "enabled"]),
        )
    else:
        _edit_entry(entry, lambda text, key: with_member(text, [key, name, "disabled"], value=True))
    return entry.path


def _edit_entry(entry: ServerEntry, change: Callable[[str, str], str]) -> None:
    document = read_document(entry.path)
    key = next(one for one in KEYS if entry.name in document.get(one, {}))
    _edit(entry.path, lambda text: change(text, key), private=not entry.is_of_project)


def _edit(path: Path, change: Callable[[str], str], *, private: bool) -> None:
    with locked(path, beside=private) as target:
        before = target.read_text(encoding="utf-8") if target.exists() else ""
        after = change(before)
        replace_text(target, Secret(after if after.endswith("\n") else after + "\n"), mode=None if private else 0o644)


def import_file(places: Places, source: Path, *, everywhere: bool, replace: bool) -> dict[str, list[str]]:
    """Add the servers of another program's file. Returns which were added, and which stood there already."""
    if not source.is_file():
        raise ConfigurationError(f"there is no file {source}")
    document = _document(source)
    found = servers_of(document, source)
    if not found:
        raise ConfigurationError(f"{source} holds no servers", hint="Looked for mcpServers, servers and mcp_servers.")
    for name, raw in found.items():
        parse_entry(name, raw, source, None)
    path = places.user_file if everywhere else (places.start or Path.cwd()) / PROJECT_FILE
    known = servers_of(read_document(path), path)
    added, kept = [], []
    for name, raw in found.items():
        if name in known and not replace:
            kept.append(name)
            continue
        add(places, name, raw, everywhere=everywhere, replace=True)
        added.append(name)
    return {"added": added, "kept": kept}


def _document(source: Path) -> dict[str, Any]:
    if source.suffix != ".toml":
        return read_document(source)
    import tomllib

    try:
        document = tomllib.loads(source.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigurationError(f"{source} cannot be read: {error}") from None
    return {"mcpServers": document.get("mcp_servers", {})}


def export(places: Places, form: str) -> str:
    """Return every entry as another program reads them, with variables and secrets as they are written."""
    if form not in FORMS:
        raise UsageError(f"there is no form {form!r}", hint=f"Forms: {', '.join(FORMS)}.")
    document = {FORMS[form]: {name: dict(entry.raw) for name, entry in places.entries().items()}}
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
