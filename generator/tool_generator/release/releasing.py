"""Releases: version in the spec, section in the changelog, generated output; all together or not at all.

All texts are made in memory first. So a refusal, or any problem in the spec, ends the release before the first byte is
written. If a write fails, the files that were written before get their old content back. This module must not know how
registries are compared, and prints nothing.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tool_generator.compare.difference import Entry, difference
from tool_generator.compare.registries import Unusable, find_registry, is_revision
from tool_generator.emit import output_folder
from tool_generator.generate import compile_spec, generated_files
from tool_generator.load import sources
from tool_generator.problems import Problem, Report, SpecProblems
from tool_generator.release import changelog
from tool_generator.release.versions import LEVELS, Version, demanded, parse_version

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tool_generator.generate import Compiled
    from tool_runtime.core.registry import Registry

SPEC_FILE = "api.yaml"


class Refused(Exception):
    """The release must not be made as ordered; the message says why."""


@dataclass(frozen=True, slots=True)
class Order:
    """What the user ordered. Without `version` and `level` the difference decides; `since` names the last release."""

    spec: Path
    out: Path
    changelog: Path
    date: str
    level: str = ""
    version: str = ""
    since: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """A release that is ready to be written. `previous` is empty for the first one."""

    version: str
    previous: str
    demand: str
    entries: tuple[Entry, ...]
    spec_file: Path
    spec_text: bytes
    changelog: Path
    changelog_text: str
    out: Path
    files: Mapping[str, str]


def plan(order: Order) -> Plan:
    """Prepare a release. Raises Refused, Unusable, and SpecProblems if the spec has problems."""
    registry = compile_spec(order.spec).registry
    try:
        text = order.changelog.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "is not UTF-8"
        message = f"{order.changelog}: cannot be read: {reason}"
        raise Unusable(message) from None
    current = _version(registry.api.version, f"{order.spec / SPEC_FILE}")
    base = _base(order, str(current), text)
    entries = () if base is None else tuple(difference(base, registry))
    previous = None if base is None else _version(base.api.version, "the last release")
    demand = demanded({entry.level for entry in entries}, previous or current)
    version = _chosen(order, current, previous, demand, text)
    spec_file, spec_text = _with_version(order.spec, str(version))
    compiled = _compiled_with(order.spec, spec_text)
    items = changelog.bullets(entries)
    return Plan(
        str(version),
        str(previous or ""),
        demand,
        entries,
        spec_file,
        spec_text,
        order.changelog,
        changelog.released(text, str(version), order.date, items, str(order.changelog)),
        order.out,
        generated_files(compiled),
    )


def _version(text: str, where: str) -> Version:
    try:
        return parse_version(text)
    except ValueError as error:
        message = f"{where}: {error}"
        raise Unusable(message) from None


def _base(order: Order, current: str, text: str) -> Registry | None:
    """Give the registry of the last release: the named release, else the release with the tag of the current version.

    Gives None if the current version was never released; this release is then the first one.
    """
    if order.since:
        return find_registry(order.since)
    for tag in (f"v{current}", current):
        if is_revision(tag, Path()):
            return find_registry(tag)
    if changelog.has_version(text, current):
        message = (
            f"{current} is in {order.changelog}, but no tag v{current} says where it was released: name it with --since"
        )
        raise Refused(message)
    return None


def _chosen(order: Order, current: Version, previous: Version | None, demand: str, text: str) -> Version:
    has_text = bool(changelog.section(text, changelog.UNRELEASED, str(order.changelog)))
    if previous is None:
        if order.level:
            message = "there is no release yet that a bump could start from; give the first one a --version"
            raise Refused(message)
        version = _version(order.version, "--version") if order.version else current
        return _free(version, text, order)
    if demand == "none" and not has_text:
        message = f"nothing has changed since {previous}"
        raise Refused(message)
    least = "patch" if demand == "none" else demand
    if order.version:
        version = _version(order.version, "--version")
    else:
        version = previous.bumped(order.level or least)
        is_set_by_hand = not order.level and current > version and not changelog.has_version(text, str(current))
        version = current if is_set_by_hand else version
    step = previous.step_to(version)
    if step == "none":
        message = f"{version} does not come after {previous}"
        raise Refused(message)
    if LEVELS.index(step) < LEVELS.index(least):
        message = (
            f"{version} is a {step} step from {previous}, but what changed asks for a {least} step: "
            f"{previous.bumped(least)} or later"
        )
        raise Refused(message)
    return _free(version, text, order)


def _free(version: Version, text: str, order: Order) -> Version:
    if changelog.has_version(text, str(version)):
        message = f"{order.changelog} has a section for {version} already"
        raise Refused(message)
    return version


def _with_version(folder: Path, version: str) -> tuple[Path, bytes]:
    """Give the file of the spec that holds the version, and the content of this file with another version."""
    report = Report()
    for path in sources.source_files(folder):
        if path.suffix == ".md":
            continue
        content = path.read_bytes()
        source = sources.read_source(path.name, str(path), content, report)
        node: Any = source.node
        for key in ("api", "version"):
            pairs = getattr(node, "value", ()) if hasattr(node, "flow_style") else ()
            node = next((pair[1] for pair in pairs if isinstance(pair, tuple) and pair[0].value == key), None)
        if node is not None:
            text = content.decode("utf-8")
            lines = text.splitlines(keepends=True)
            line, start, end = node.start_mark.line, node.start_mark.column, node.end_mark.column
            if node.end_mark.line != line:
                break
            # The first line may begin with a byte order mark, which the YAML reader does not count as a column.
            shift = 1 if line == 0 and text.startswith("\ufeff") else 0
            old = lines[line]
            lines[line] = old[: start + shift] + version + old[end + shift :]
            return path, "".join(lines).encode("utf-8")
    message = f"{folder / SPEC_FILE}: has no api.version on a line of its own"
    raise Unusable(message)


def _compiled_with(folder: Path, spec_text: bytes) -> Compiled:
    """Compile a spec with the content that api.yaml will have."""
    with tempfile.TemporaryDirectory(prefix="toolgen-") as name:
        copy = Path(name, folder.resolve().name)
        for path in sources.source_files(folder):
            target = copy / path.relative_to(folder)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
        spec_file, _ = _with_version(folder, "0.0.0")
        (copy / spec_file.relative_to(folder)).write_bytes(spec_text)
        try:
            return compile_spec(copy)
        except SpecProblems as error:
            found = (
                Problem(problem.file.replace(str(copy), str(folder)), problem.line, problem.message)
                for problem in error.problems
            )
            raise SpecProblems(found) from None


def pending(plan_: Plan) -> list[str]:
    """List the files that a release would write, each as `path: what`."""
    found = [f"{plan_.changelog}: section {plan_.version}"]
    if plan_.spec_file.read_bytes() != plan_.spec_text:
        found.insert(0, f"{plan_.spec_file}: version {plan_.version}")
    stale = output_folder.stale_files(dict(plan_.files), plan_.out)
    changed = [name for name, text in plan_.files.items() if not _holds(plan_.out / name, text)]
    if changed or stale:
        found.append(f"{plan_.out}: {len(changed)} files written, {len(stale)} removed")
    return found


def _holds(path: Path, text: str) -> bool:
    return path.is_file() and path.read_bytes() == text.encode()


def write(plan_: Plan) -> None:
    """Write a release. If this fails, every file gets its old content back, and OSError is raised."""
    files = dict(plan_.files)
    touched = [plan_.spec_file, plan_.changelog]
    touched += [plan_.out / name for name in {*files, *output_folder.stale_files(files, plan_.out)}]
    before = {path: path.read_bytes() if path.is_file() else None for path in touched}
    try:
        _replace(plan_.spec_file, plan_.spec_text)
        _replace(plan_.changelog, plan_.changelog_text.encode("utf-8"))
        output_folder.write(files, plan_.out)
    except BaseException:
        for path, content in before.items():
            _restore(path, content)
        raise


def _replace(path: Path, content: bytes) -> None:
    mode = path.stat().st_mode & 0o777
    handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
        Path(temporary).chmod(mode)
        Path(temporary).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(temporary).unlink()
        raise


def _restore(path: Path, content: bytes | None) -> None:
    with contextlib.suppress(OSError):
        if content is None:
            path.unlink(missing_ok=True)
        elif not path.is_file() or path.read_bytes() != content:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
