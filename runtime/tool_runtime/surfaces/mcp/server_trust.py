"""Trust: which servers of a project may run.

Whoever clones a repository gets its `.mcp.json`, and a server is any program. So a project's server runs only after
`mcp trust NAME`. What is kept is the digest of the entry as it was seen then, under the file and the name: an entry
that changed asks again, and so does the same entry in another folder. The user's own file needs no trust.
"""

import json
from collections.abc import Mapping
from pathlib import Path

from tool_runtime.accounts.private_files import locked, replace_text
from tool_runtime.errors import ConfigurationError, PolicyRefused
from tool_runtime.surfaces.mcp.server_entries import ServerEntry
from tool_runtime.values.secrets import Secret


def trust_file(folder: Path) -> Path:
    """Return the file of digests in the user's configuration folder."""
    return folder / "mcp_trust.json"


def read_trust(path: Path) -> dict[str, str]:
    """Return the kept digests by place. A file that cannot be read trusts nobody, and is an error."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise ConfigurationError(
            f"{path} cannot be read: {error}", hint="Remove it, and trust the servers again."
        ) from None
    if not isinstance(document, dict):
        raise ConfigurationError(f"{path} holds no object", hint="Remove it, and trust the servers again.")
    return {str(place): str(digest) for place, digest in document.items()}


def state_of(entry: ServerEntry, trusted: Mapping[str, str]) -> str:
    """Return `own` for the user's entries, `trusted`, `changed` since it was trusted, or `untrusted`."""
    if not entry.is_of_project:
        return "own"
    known = trusted.get(_place(entry))
    if known is None:
        return "untrusted"
    return "trusted" if known == entry.digest else "changed"


def check_trust(entry: ServerEntry, trusted: Mapping[str, str], command: str) -> None:
    """Raise `PolicyRefused` for a project's server that nobody trusts as it stands."""
    state = state_of(entry, trusted)
    if state in {"own", "trusted"}:
        return
    why = "has changed since it was trusted" if state == "changed" else "comes with this project and is not trusted"
    message = f"the server {entry.name} {why}: {entry.target[:200]} ({entry.path})"
    raise PolicyRefused(message, hint=f"Look at the entry, and then run: {command} mcp trust {entry.name}")


def trust(path: Path, entry: ServerEntry) -> None:
    """Keep the digest of an entry. Raises `ConfigurationError`."""
    _change(path, {_place(entry): entry.digest})


def distrust(path: Path, entry: ServerEntry) -> None:
    """Forget an entry."""
    _change(path, {_place(entry): None})


def _change(path: Path, changes: Mapping[str, str | None]) -> None:
    with locked(path) as target:
        known = read_trust(target)
        for place, digest in changes.items():
            if digest is None:
                known.pop(place, None)
            else:
                known[place] = digest
        replace_text(target, Secret(json.dumps(known, indent=2, sort_keys=True) + "\n"))


def _place(entry: ServerEntry) -> str:
    return f"{entry.path.resolve()}#{entry.name}"
