"""The files of clients: where each one keeps its servers, in which form, and how a key reaches the server.

An entry never holds a key. The server reads the accounts file, as every command does; where a client can hand a
variable of its own environment on, `pass_key` writes the client's word for that variable. What stands in a file beside
our entry stays as it is.

| client | project | user | form |
|---|---|---|---|
| claude-code | .mcp.json | ~/.claude.json | mcpServers, `${VAR}` |
| claude-desktop | - | per system | mcpServers, no variables |
| cursor | .cursor/mcp.json | ~/.cursor/mcp.json | mcpServers, `${env:VAR}` |
| vscode | .vscode/mcp.json | per system | servers and inputs |
| windsurf | - | ~/.codeium/windsurf/mcp_config.json | mcpServers, serverUrl |
| codex | .codex/config.toml | ~/.codex/config.toml | [mcp_servers.NAME], TOML |
"""

import difflib
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tool_runtime.accounts.private_files import locked, replace_text
from tool_runtime.errors import ConfigurationError, UsageError
from tool_runtime.surfaces.mcp.json_edit import with_member, without_member
from tool_runtime.surfaces.mcp.server_entries import plain_json
from tool_runtime.values.secrets import Secret
from tool_runtime.values.suggestions import nearest

CLIENTS = ("claude-code", "claude-desktop", "cursor", "vscode", "windsurf", "codex")


@dataclass(frozen=True, slots=True)
class Wanted:
    """The entry that is wanted: the name of the server, its command or address, and how a key reaches the server.

    `key_variable` and `token_variable` are names of variables; `pass_key` hands the first one on.
    """

    name: str
    command: str
    args: tuple[str, ...]
    key_variable: str
    token_variable: str
    url: str | None = None
    pass_key: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    """What a file will be: `before` and `after` are its texts; `keys` is where the entry stands."""

    client: str
    path: Path
    before: str
    after: str
    notes: tuple[str, ...] = ()

    @property
    def diff(self) -> str:
        """Return the change as a person reads it."""
        lines = difflib.unified_diff(
            self.before.splitlines(), self.after.splitlines(), str(self.path), str(self.path), lineterm="", n=2
        )
        return "\n".join(lines)


def known_client(name: str) -> str:
    """Return a client's name. Raises `UsageError` with the nearest one."""
    if name in CLIENTS:
        return name
    near = nearest(name, CLIENTS)
    hint = f"Did you mean {near}?" if near else f"Clients: {', '.join(CLIENTS)}."
    raise UsageError(f"there is no client {name[:80]!r}", hint=hint)


def entry_for(client: str, wanted: Wanted) -> tuple[list[str], dict[str, Any]]:
    """Return where an entry stands in a client's file, and the entry.

    Example: `("cursor", …)` -> `(["mcpServers", "tools"], {"command": "tools", "args": ["mcp", "serve"]})`.
    """
    key = _section(client)
    if wanted.url is not None:
        return [key, wanted.name], _at_address(client, wanted)
    entry: dict[str, Any] = {"type": "stdio"} if client in {"claude-code", "vscode"} else {}
    entry |= {"command": wanted.command, "args": list(wanted.args)}
    if wanted.pass_key:
        said = _variable(client, wanted.key_variable)
        if client == "codex":
            entry["env_vars"] = [wanted.key_variable]
        elif said is not None:
            entry["env"] = {wanted.key_variable: said}
    return [key, wanted.name], entry


def _section(client: str) -> str:
    return {"vscode": "servers", "codex": "mcp_servers"}.get(client, "mcpServers")


def _variable(client: str, name: str) -> str | None:
    forms = {"claude-code": f"${{{name}}}", "cursor": f"${{env:{name}}}", "windsurf": f"${{env:{name}}}"}
    return f"${{input:{name.lower()}}}" if client == "vscode" else forms.get(client)


def _at_address(client: str, wanted: Wanted) -> dict[str, Any]:
    if client == "codex":
        return {"url": wanted.url, "bearer_token_env_var": wanted.token_variable}
    said = _variable(client, wanted.token_variable)
    if said is None:
        message = f"{client} puts no variable into a header, and a token does not belong into its file"
        raise UsageError(message, hint="Leave --url out: the client then starts the server itself.")
    headers = {"Authorization": f"Bearer {said}"}
    if client == "windsurf":
        return {"serverUrl": wanted.url, "headers": headers}
    return {"type": "http", "url": wanted.url, "headers": headers}


def inputs_for(client: str, wanted: Wanted) -> list[dict[str, Any]]:
    """Return the questions that an editor asks its user once, for what the entry names."""
    variable = wanted.token_variable if wanted.url is not None else wanted.key_variable if wanted.pass_key else None
    if client != "vscode" or variable is None:
        return []
    return [
        {"type": "promptString", "id": variable.lower(), "description": f"The value of {variable}", "password": True}
    ]


def config_text(client: str, wanted: Wanted) -> str:
    """Return what a client's file would hold with nothing but this entry."""
    path, entry = entry_for(client, wanted)
    if client == "codex":
        import tomlkit

        return str(tomlkit.dumps({path[0]: {path[1]: entry}}))
    document: dict[str, Any] = {path[0]: {path[1]: entry}}
    inputs = inputs_for(client, wanted)
    return json.dumps(document | ({"inputs": inputs} if inputs else {}), indent=2) + "\n"


def file_of(client: str, folder: Path, environment: Mapping[str, str], *, everywhere: bool) -> Path:
    """Return a client's file: the project's in `folder`, or the user's. Raises `UsageError` where there is none."""
    project = {
        "claude-code": ".mcp.json",
        "cursor": ".cursor/mcp.json",
        "vscode": ".vscode/mcp.json",
        "codex": ".codex/config.toml",
    }
    if not everywhere and client in project:
        return folder / project[client]
    home = Path(environment.get("HOME") or environment.get("USERPROFILE") or Path.home())
    users = {
        "claude-code": ".claude.json",
        "cursor": ".cursor/mcp.json",
        "windsurf": ".codeium/windsurf/mcp_config.json",
        "codex": ".codex/config.toml",
    }
    if client in users:
        return home / users[client]
    base = _settings_folder(home, environment)
    return base / ("Claude/claude_desktop_config.json" if client == "claude-desktop" else "Code/User/mcp.json")


def _settings_folder(home: Path, environment: Mapping[str, str]) -> Path:
    if sys.platform == "darwin":
        return home / "Library" / "Application Support"
    if sys.platform == "win32":
        return Path(environment.get("APPDATA") or home / "AppData" / "Roaming")
    return Path(environment.get("XDG_CONFIG_HOME") or home / ".config")


def planned(client: str, path: Path, wanted: Wanted) -> Change:
    """Return the change of a client's file. Nothing is written. Raises `ConfigurationError`."""
    before = _text_of(path)
    keys, entry = entry_for(client, wanted)
    with _naming(path):
        after = (
            _with_toml(before, keys, entry) if client == "codex" else _with_json(before, keys, entry, client, wanted)
        )
    notes = []
    if wanted.pass_key and client == "claude-desktop":
        notes.append("This client hands no variable on; the key comes from the accounts file.")
    return Change(client, path, before, after, tuple(notes))


def planned_removal(client: str, path: Path, name: str) -> Change:
    """Return the change that takes an entry out of a client's file; no change where there is none.

    Nothing is written. Raises `ConfigurationError`.
    """
    before = _text_of(path)
    section = _section(client)
    with _naming(path):
        if client == "codex":
            return Change(client, path, before, _without_toml(before, section, name))
        document = _parsed(before)
        after = without_member(before, [section, name]) if isinstance(document.get(section), dict) else before
        if name in _parsed(after).get(section, {}):
            raise ConfigurationError(f"{name} stands there more than once")
    return Change(client, path, before, after)


def _text_of(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8") if path.exists() else ""
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path} cannot be read: {error}") from None


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Name the file in what is wrong with the file."""
    try:
        yield
    except ConfigurationError as error:
        raise ConfigurationError(f"{path}: {error.message}", hint="Mend the file in an editor.") from None


def _with_json(before: str, keys: Sequence[str], entry: Mapping[str, Any], client: str, wanted: Wanted) -> str:
    document = _parsed(before)
    after = with_member(before, list(keys), dict(entry))
    inputs = inputs_for(client, wanted)
    if inputs:
        known = document.get("inputs", [])
        if not isinstance(known, list):
            raise ConfigurationError("inputs is no list")
        missing = [
            one for one in inputs if one["id"] not in {other.get("id") for other in known if isinstance(other, dict)}
        ]
        if missing:
            after = with_member(after, ["inputs"], [*known, *missing])
    # The edit is of text; that it means what was wanted is looked at before anything is written.
    wished = _parsed(after)
    if wished.get(keys[0], {}).get(keys[1]) != entry:
        raise ConfigurationError("the entry could not be put in")
    return after if after.endswith("\n") else after + "\n"


def _parsed(text: str) -> dict[str, Any]:
    if not text.strip():
        return {}
    try:
        document = json.loads(plain_json(text.removeprefix("\ufeff")))
    except ValueError as error:
        raise ConfigurationError(f"not JSON: {error}") from None
    if not isinstance(document, dict):
        raise ConfigurationError("the file holds no object")
    return document


def _with_toml(before: str, keys: Sequence[str], entry: Mapping[str, Any]) -> str:
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    try:
        # What an index gives has no one type in older releases of tomlkit.
        document: Any = tomlkit.parse(before)
        section, name = keys
        if section not in document:
            document[section] = tomlkit.table(is_super_table=True)
        table = tomlkit.table()
        for key, value in entry.items():
            table[key] = value
        # A blank line stands between our table and the next one.
        table.add(tomlkit.nl())
        document[section][name] = table
        text = str(tomlkit.dumps(document))
        return f"{text.rstrip()}\n" if text.endswith("\n\n") else text
    except (TOMLKitError, TypeError, ValueError) as error:
        raise ConfigurationError(f"not TOML that can be changed: {error}") from None


def _without_toml(before: str, section: str, name: str) -> str:
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    try:
        document: Any = tomlkit.parse(before)
        if not isinstance(document.get(section), Mapping) or name not in document[section]:
            return before
        del document[section][name]
        if not document[section]:
            del document[section]
        return str(tomlkit.dumps(document))
    except (TOMLKitError, TypeError, ValueError) as error:
        raise ConfigurationError(f"not TOML that can be changed: {error}") from None


def write(change: Change) -> None:
    """Write a planned change. Raises `ConfigurationError` where the file has changed since."""
    with locked(change.path, beside=False) as target:
        now = target.read_text(encoding="utf-8") if target.exists() else ""
        if now != change.before:
            raise ConfigurationError(f"{change.path} has changed in the meantime", hint="Try again.")
        replace_text(target, Secret(change.after), mode=0o644)
