"""Finds and reads a registry: a file, a folder that holds one, or a revision of a git repository.

This module checks every part that the comparison relies on, so that a wrong file from a stranger gives a message and
no traceback. A registry of an old revision may lack entries that later ones have; the nearest neutral value stands in.
This module must not know why registries are compared.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from tool_runtime.core.registry import FORMAT, Registry
from tool_runtime.errors import SpecError

if TYPE_CHECKING:
    from collections.abc import Iterator

FILE = "registry.json"
_TOOL_KEYS = {"method": str, "path": str, "class": str, "parameters": dict}
_FURTHER_KEYS = {
    "full_name": str,
    "aliases": list,
    "effects": list,
    "returns": dict,
    "steps": dict,
    "constraints": list,
}


class Unusable(Exception):
    """An input cannot be used; the message names the input and the reason."""


def find_registry(given: str, root: Path | None = None) -> Registry:
    """Read the registry that `given` names.

    `given` is a registry file, a folder that holds exactly one registry at any depth, a git revision, or `REV:path`
    with the path of the file or of its folder from the top of the repository. A file or folder has priority over a
    revision of the same name. Raises Unusable.
    """
    root = root or Path()
    path = root / given
    if path.is_file():
        return read_registry(_bytes(path), given)
    if path.is_dir():
        return read_registry(_bytes(_in_folder(path, given)), given)
    return _at_revision(given, root)


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        message = f"{path} cannot be read: {error.strerror}"
        raise Unusable(message) from None


def _in_folder(folder: Path, given: str) -> Path:
    if (folder / FILE).is_file():
        return folder / FILE
    found = sorted(folder.glob(f"*/{FILE}")) or sorted(folder.glob(f"*/*/{FILE}"))
    if len(found) != 1:
        message = f"{given} holds {len(found) or 'no'} {FILE}; name the file"
        raise Unusable(message)
    return found[0]


def read_registry(content: bytes, label: str) -> Registry:
    """Read a registry from its bytes; `label` names the registry in messages. Raises Unusable."""
    try:
        value = json.loads(content)
    except (ValueError, RecursionError) as error:
        reason = str(error).partition("\n")[0] or "nested too deeply"
        message = f"{label}: is not JSON: {reason}"
        raise Unusable(message) from None
    problem = next(_problems(value), "")
    if problem:
        message = f"{label}: {problem}"
        raise Unusable(message)
    try:
        registry = Registry(_completed(value))
        # The registry reads entries lazily. This loop reads all of them now, so that a message can name the file.
        for entries in (registry.tools, registry.waiters, registry.page_styles):
            tuple(entries.values())
        for tool in registry.tools.values():
            registry.page_style(tool)
    except (SpecError, KeyError, TypeError, AttributeError, ValueError) as error:
        message = f"{label}: {error}" if isinstance(error, SpecError) else f"{label}: cannot be read: {error!r}"
        raise Unusable(message) from None
    return registry


def _completed(value: dict[str, Any]) -> dict[str, Any]:
    """Add to a registry the values that entries of old revisions may lack."""
    completed = {"server": {"base_url": ""}, "auth": {"in": "header", "name": ""}, **value}
    completed["api"] = {"title": "", **value["api"]}
    completed["tools"] = {name: {"full_name": name, "group": "", **tool} for name, tool in value["tools"].items()}
    return completed


def _problems(value: Any) -> Iterator[str]:
    if not isinstance(value, dict) or "registry" not in value:
        yield "is not a registry"
        return
    if value["registry"] != FORMAT:
        yield f"has registry format {value['registry']!r}, but only {FORMAT} can be read"
    for key in ("api", "tools", "types", "waiters", "pagination"):
        if not isinstance(value.get(key, {} if key in {"waiters", "pagination"} else None), dict):
            yield f"lacks {key}"
    for key in ("name", "slug", "version"):
        if not isinstance(value["api"].get(key), str):
            yield f"lacks api.{key}"
    for name, tool in value["tools"].items():
        if not isinstance(tool, dict):
            yield f"tools.{name} is no tool"
            continue
        for key, kind in _TOOL_KEYS.items():
            if not isinstance(tool.get(key), kind):
                yield f"tools.{name} lacks {key}"
        for key, kind in _FURTHER_KEYS.items():
            if not isinstance(tool.get(key, kind()), kind):
                yield f"tools.{name}.{key} is not as in a registry"
        for argument, parameter in tool["parameters"].items():
            if not isinstance(parameter, dict) or not {"in", "schema"} <= set(parameter):
                yield f"tools.{name}.parameters.{argument} lacks in or schema"


def _at_revision(given: str, root: Path) -> Registry:
    revision, _, inside = given.partition(":")
    if revision.startswith("-") or not is_revision(revision, root):
        message = f"{given}: there is no such file or folder, and no such git revision"
        raise Unusable(message)
    names = _git(root, "ls-tree", "-r", "--name-only", "--full-tree", "-z", revision).decode("utf-8", "replace")
    found = [name for name in names.split("\0") if PurePosixPath(name).name == FILE]
    if inside:
        inside = inside.removeprefix("./").rstrip("/")
        found = [name for name in names.split("\0") if name in (inside, f"{inside}/{FILE}")]
    elif len(found) > 1:
        found = [name for name in found if name.startswith("generated/")] or found
    if len(found) != 1:
        what = ", ".join(found) or f"no {inside or FILE}"
        message = f"{given}: the revision holds {what}" + ("; name one as REV:path" if found else "")
        raise Unusable(message)
    return read_registry(_git(root, "show", f"{revision}:{found[0]}"), f"{revision}:{found[0]}")


def is_revision(name: str, root: Path) -> bool:
    """Say whether the repository at `root` has a commit of this name."""
    try:
        _git(root, "rev-parse", "--verify", "--quiet", f"{name}^{{commit}}")
    except Unusable:
        return False
    return True


def _git(root: Path, *arguments: str) -> bytes:
    command = ["git", "-C", str(root), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, check=False)  # noqa: S603 - no shell; reads only
    except OSError:
        message = "git cannot be run"
        raise Unusable(message) from None
    if done.returncode:
        message = done.stderr.decode("utf-8", "replace").strip() or f"git {arguments[0]} failed"
        raise Unusable(message)
    return done.stdout
