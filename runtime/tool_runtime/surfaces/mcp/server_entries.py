"""Entries: what the files of editors and agents say about servers.

Files, the nearer one first: `.mcp.json`, `.cursor/mcp.json`, `.vscode/mcp.json` of the project (the nearest folder
upwards that has one of them), then `mcp.json` in this program's configuration folder. `mcpServers` and `servers` are
both accepted everywhere. An entry stays as it is written until a connection is made: variables and secrets are put in
only then, so that no listing shows a value.

    ${VAR}  ${VAR:-default}  ${env:VAR}     a variable of the environment
    ${secret:NAME}  ${input:NAME}           a secret that `mcp secret set NAME` keeps
    ${workspaceFolder}                      the folder of the project

Owns the grammar of the files. Must not know: connections, trust.
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tool_runtime.errors import ConfigurationError
from tool_runtime.values.secrets import Secret, hide_text
from tool_runtime.values.suggestions import nearest

PROJECT_FILES = (".mcp.json", ".cursor/mcp.json", ".vscode/mcp.json")
KEYS = ("mcpServers", "servers")
KINDS = {"stdio": "stdio", "http": "http", "streamable-http": "http", "streamableHttp": "http", "sse": "sse"}
DEFAULT_TIMEOUT = 60.0
LONGEST_TIMEOUT = 3_600.0
# A shorter value stands in many texts by chance.
SHORTEST_SECRET = 6
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_PLACE = re.compile(r"\$\{([^{}]+)\}")
_VARIABLE = re.compile(r"(?:env:)?([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?", re.DOTALL)
# Names of variables whose values no text may show.
_SECRET = re.compile(r"key|token|secret|password|passwd|credential|auth", re.IGNORECASE)
_STRING = r'"(?:[^"\\]|\\.)*"'
_TOKEN = re.compile(rf"{_STRING}|//[^\n]*|/\*.*?\*/", re.DOTALL)
_COMMA = re.compile(rf"{_STRING}|,(\s*[}}\]])", re.DOTALL)
_LOCAL = {"127.0.0.1", "localhost", "::1"}


@dataclass(frozen=True, slots=True)
class ServerEntry:
    """One server. `raw` is the entry as the file has it, `path` the file, `folder` the project's folder or None.

    `timeout` is seconds for one request. `shown` holds values that no text may show: secrets that were put in.
    """

    name: str
    kind: str
    path: Path
    raw: Mapping[str, Any] = field(repr=False)
    folder: Path | None = None
    command: str = ""
    args: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict, repr=False)
    cwd: str | None = None
    url: str = ""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    timeout: float = DEFAULT_TIMEOUT
    enabled: bool = True
    hidden: tuple[Secret, ...] = field(default=(), repr=False)

    @property
    def is_of_project(self) -> bool:
        """Whether the entry came with a project, and so needs trust."""
        return self.folder is not None

    @property
    def digest(self) -> str:
        """What trust is bound to: everything that the entry says, as it is written."""
        return hashlib.sha256(json.dumps(self.raw, sort_keys=True).encode()).hexdigest()

    @property
    def target(self) -> str:
        """Return in words what runs or where it is, as it is written."""
        return " ".join([self.command, *self.args]) if self.kind == "stdio" else self.url

    def hide(self, text: str) -> str:
        """Return a text without the secrets of the entry."""
        return hide_text(text, list(self.hidden)) if self.hidden else text


def user_file(folder: Path) -> Path:
    """Return the user's own file in this program's configuration folder."""
    return folder / "mcp.json"


def project_folder(start: Path) -> Path | None:
    """Return the nearest folder upwards that has one of the project's files."""
    for folder in (start, *start.parents):
        if any((folder / name).is_file() for name in PROJECT_FILES):
            return folder
    return None


def read_entries(user: Path, start: Path | None) -> dict[str, ServerEntry]:
    """Return every entry by name; of two with one name the nearer one. Raises `ConfigurationError`."""
    found: dict[str, ServerEntry] = dict(_of_file(user, None))
    folder = project_folder(start) if start is not None else None
    if folder is not None:
        for name in reversed(PROJECT_FILES):
            found |= dict(_of_file(folder / name, folder))
    return dict(sorted(found.items()))


def _of_file(path: Path, folder: Path | None) -> Iterator[tuple[str, ServerEntry]]:
    document = read_document(path)
    for name, raw in servers_of(document, path).items():
        yield name, parse_entry(name, raw, path, folder)


def read_document(path: Path) -> dict[str, Any]:
    """Return a file of servers as JSON; comments and commas at the end are read over. A missing file is empty."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path} cannot be read: {error}") from None
    if not text.strip():
        return {}
    try:
        document = json.loads(text)
    except ValueError:
        try:
            document = json.loads(plain_json(text))
        except ValueError as error:
            raise ConfigurationError(f"{path} is not JSON: {error}", hint="Mend the file in an editor.") from None
    if not isinstance(document, dict):
        raise ConfigurationError(f"{path} holds no object")
    return document


def plain_json(text: str) -> str:
    """Return JSON without comments, and without commas in front of a closing bracket: what editors allow."""
    bare = _TOKEN.sub(lambda found: found[0] if found[0].startswith('"') else " ", text)
    return _COMMA.sub(lambda found: found[0] if found[0].startswith('"') else found[1], bare)


def servers_of(document: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """Return the servers of a document, whichever of the two keys it uses."""
    found: dict[str, Any] = {}
    for key in KEYS:
        value = document.get(key, {})
        if not isinstance(value, dict):
            raise ConfigurationError(f"{path}: {key} is no object")
        found |= value
    return found


def parse_entry(name: str, raw: Any, path: Path, folder: Path | None) -> ServerEntry:
    """Return one entry. Raises `ConfigurationError` that names file, server and setting, and shows no value."""
    place = f"{path}: server {name!r:.80}"
    if not _NAME.fullmatch(name):
        raise ConfigurationError(f"{place}: a name has letters, digits, '.', '_' and '-'")
    if not isinstance(raw, dict):
        raise ConfigurationError(f"{place} is no object")
    kind = raw.get("type") or ("stdio" if "command" in raw else "http")
    if kind not in KINDS:
        near = nearest(str(kind), KINDS)
        hint = f"Did you mean {near}?" if near else f"Types: {', '.join(KINDS)}."
        raise ConfigurationError(f"{place}: there is no type {kind!r:.40}", hint=hint)
    known: dict[str, Any] = {
        "command": _text(raw, "command", place),
        "args": tuple(_texts(raw, "args", place)),
        "env": _mapping(raw, "env", place),
        "cwd": _text(raw, "cwd", place) or None,
        "url": _text(raw, "url", place) or _text(raw, "serverUrl", place),
        "headers": _mapping(raw, "headers", place),
        "timeout": _seconds(raw, place),
        "enabled": raw.get("disabled") is not True and raw.get("enabled") is not False,
    }
    kind = KINDS[kind]
    if kind == "stdio" and not known["command"]:
        raise ConfigurationError(f"{place} has no command", hint="Give command and args, or url.")
    if kind != "stdio" and not known["url"]:
        raise ConfigurationError(f"{place} has no url", hint="Give url, or command and args.")
    return ServerEntry(name, kind, path, raw, folder, **known)


def _text(raw: Mapping[str, Any], key: str, place: str) -> str:
    value = raw.get(key, "")
    if not isinstance(value, str) or "\0" in value:
        raise ConfigurationError(f"{place}: {key} is no text")
    return value


def _texts(raw: Mapping[str, Any], key: str, place: str) -> list[str]:
    value = raw.get(key) or []
    if not isinstance(value, list) or not all(isinstance(one, str) and "\0" not in one for one in value):
        raise ConfigurationError(f"{place}: {key} is no list of texts")
    return value


def _mapping(raw: Mapping[str, Any], key: str, place: str) -> dict[str, str]:
    value = raw.get(key) or {}
    if not isinstance(value, dict) or not all(isinstance(one, str | int | float) for one in value.values()):
        raise ConfigurationError(f"{place}: {key} is no object of texts")
    return {name: str(one) for name, one in value.items()}


def _seconds(raw: Mapping[str, Any], place: str) -> float:
    value = raw.get("timeout")
    if value is None:
        return DEFAULT_TIMEOUT
    if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
        raise ConfigurationError(f"{place}: timeout is no number above 0")
    # Editors write milliseconds, and nobody waits for hours.
    return float(value) / 1000 if value > LONGEST_TIMEOUT else float(value)


def expanded(
    entry: ServerEntry,
    environment: Mapping[str, str],
    secret: Callable[[str], Secret | None],
    *,
    own_prefix: str,
) -> ServerEntry:
    """Return an entry with every variable and secret in place.

    `own_prefix` begins the variables that hold this program's keys: a project's entry never gets one of them. Raises
    `ConfigurationError` that names what is missing.
    """
    hidden: list[Secret] = []

    def value_of(place: str, word: str) -> str:
        where = f"{entry.path}: server {entry.name}: {place}"
        kind, _, name = word.partition(":")
        if kind in {"secret", "input"} and name:
            found = secret(name)
            if found is None:
                raise ConfigurationError(f"{where} needs the secret {name}", hint=f"Run: mcp secret set {name}")
            hidden.append(found)
            return found.reveal()
        if word == "workspaceFolder":
            return str(entry.folder or Path.cwd())
        match = _VARIABLE.fullmatch(word)
        if match is None:
            raise ConfigurationError(f"{where} has a place that nobody can fill: ${{{word[:60]}}}")
        variable, default = match.groups()
        is_secret = _SECRET.search(variable) is not None
        if entry.is_of_project and is_secret and variable.upper().startswith(f"{own_prefix}_"):
            message = f"{where} asks for {variable}, and a project's server gets no key of this program"
            raise ConfigurationError(message, hint="Give it a key of its own: mcp secret set NAME, and ${secret:NAME}")
        if environment.get(variable):
            value = environment[variable]
            if is_secret:
                hidden.append(Secret(value))
            return value
        if default is None:
            raise ConfigurationError(f"{where} needs the variable {variable}, which is not set")
        return default

    def filled(place: str, text: str) -> str:
        return _PLACE.sub(lambda match: value_of(place, match[1]), text)

    ready = replace(
        entry,
        command=filled("command", entry.command),
        args=tuple(filled("args", one) for one in entry.args),
        env={name: filled(f"env.{name}", value) for name, value in entry.env.items()},
        cwd=filled("cwd", entry.cwd) if entry.cwd else (str(entry.folder) if entry.folder else None),
        url=filled("url", entry.url),
        headers={name: filled(f"headers.{name}", value) for name, value in entry.headers.items()},
    )
    for name, value in (*ready.headers.items(), *ready.env.items()):
        # Somebody may have written a key itself; what stands before a space is a word such as Bearer.
        if _SECRET.search(name) and len(bare := value.rpartition(" ")[2]) >= SHORTEST_SECRET:
            hidden.append(Secret(bare))
    ready = replace(ready, hidden=tuple(hidden))
    _check_url(ready)
    return ready


def _check_url(entry: ServerEntry) -> None:
    if entry.kind == "stdio":
        return
    parts = urlsplit(entry.url)
    place = f"{entry.path}: server {entry.name}"
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ConfigurationError(f"{place}: url is no http or https address")
    if parts.scheme == "http" and (entry.headers or entry.hidden) and parts.hostname not in _LOCAL:
        message = f"{place}: its headers and secrets would travel unencrypted"
        raise ConfigurationError(message, hint="Use https.")
    for name, value in entry.headers.items():
        if not value.isascii() or not value.isprintable():
            raise ConfigurationError(f"{place}: the header {name} has characters that no header can have")
