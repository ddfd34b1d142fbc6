"""The commands of `toolgen` that compare: drift, parity, diff, release. Arguments in, text and exit codes out.

Exit codes: 0 nothing breaks; 1 something breaks, differs, or is refused; 2 an input cannot be used. A command loads
the modules that it needs when it runs.
"""

from __future__ import annotations

import json
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

if TYPE_CHECKING:
    from collections.abc import Callable

    from tool_generator.compare.drift import Drift, Judgement
    from tool_generator.compare.rules import Change
    from tool_generator.model.documents import Upstream

_MOST_CHANGES = 8


def register(group: click.Group, spec_folder: Callable[[Path | None], Path], compiled: Callable[[Path], Any]) -> None:
    """Add the commands to a group.

    `spec_folder` gives the spec folder if the user named none. `compiled` compiles a spec, or ends the program.
    """
    _register_upstream(group, spec_folder, compiled)
    group.add_command(diff)
    _register_release(group, spec_folder, compiled)


_spec_option = click.option(
    "--spec",
    "spec",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="The folder of the spec. Default: the only folder in spec/.",
)
_document = click.argument("upstream", type=click.Path(path_type=Path))
_json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def _register_upstream(
    group: click.Group, spec_folder: Callable[[Path | None], Path], compiled: Callable[[Path], Any]
) -> None:

    @group.command()
    @_document
    @_spec_option
    @_json_option
    @click.option("--all", "show_all", is_flag=True, help="Print every change, not the first few of each tool.")
    def drift(upstream: Path, spec: Path | None, *, as_json: bool, show_all: bool) -> None:
        """Judge every tool against an OpenAPI document: same, additive, breaking, gone; new where there is no tool.

        Offline. Exits with 1 if anything is breaking or gone.
        """
        registry, read, names = _sides(spec_folder(spec), upstream, compiled)
        from tool_generator.compare import drift as drifting

        result = drifting.drift(registry, read, names)
        click.echo(_json(result.as_json()) if as_json else _drift_text(result, show_all=show_all))
        sys.exit(1 if result.breaks else 0)

    @group.command()
    @_document
    @_spec_option
    @_json_option
    def parity(upstream: Path, spec: Path | None, *, as_json: bool) -> None:
        """Compare the spec with an OpenAPI document in both directions, and count what was compared.

        Exits with 1 if either has something that the other lacks, save what the spec declares as its own.
        """
        registry, read, names = _sides(spec_folder(spec), upstream, compiled)
        from dataclasses import asdict

        from tool_generator.compare import parity as parities

        report = parities.parity(registry, read, names)
        if as_json:
            sides = {key: [asdict(item) for item in getattr(report, key)] for key in ("differences", "own")}
            click.echo(_json({"counts": dict(report.counts), **sides}))
        else:
            for item in report.differences:
                click.echo(str(item))
            counted = ", ".join(f"{count} {name}" for name, count in report.counts.items())
            click.echo(f"compared: {counted}")
            click.echo(f"{len(report.differences)} differences, {len(report.own)} decisions of the spec")
        sys.exit(1 if report.differences else 0)


@click.command()
@click.argument("old")
@click.argument("new")
@_json_option
def diff(old: str, new: str, *, as_json: bool) -> None:
    """Compare two registries as a user of the bindings feels it.

    OLD and NEW are registry.json files, folders that hold one, git revisions, or REV:path. Prints Markdown for the
    changelog, and the version that follows.
    """
    from tool_generator.compare.difference import difference
    from tool_generator.compare.registries import Unusable, find_registry
    from tool_generator.release import changelog, versions

    try:
        before, after = find_registry(old), find_registry(new)
        version = versions.parse_version(before.api.version)
    except (Unusable, ValueError) as error:
        _unusable(str(error))
    entries = difference(before, after)
    level = versions.demanded({entry.level for entry in entries}, version)
    if as_json:
        value = {
            "bump": level,
            "from": str(version),
            "to": str(version.bumped(level)),
            "changes": [entry.as_json() for entry in entries],
        }
        click.echo(_json(value))
        return
    text = changelog.markdown(entries)
    click.echo(f"{text}\n" if text else "", nl=False)
    rule = " (below 1.0.0 a break asks for a minor version, all else for a patch)" if version.is_unstable else ""
    follows = f"{level}, {version} to {version.bumped(level)}{rule}" if level != "none" else "none: nothing changed"
    click.echo(f"Version bump: {follows}")


def _register_release(
    group: click.Group, spec_folder: Callable[[Path | None], Path], compiled: Callable[[Path], Any]
) -> None:
    @group.command()
    @_spec_option
    @click.option(
        "--bump", type=click.Choice(("patch", "minor", "major")), help="The step. Default: what the diff asks for."
    )
    @click.option("--version", "version", default="", help="The version itself, instead of a step.")
    @click.option(
        "--since", default="", help="The last release: a git revision or registry. Default: the version's tag."
    )
    @click.option("--date", "on", default="", help="The date of the release, YYYY-MM-DD. Default: today.")
    @click.option(
        "--out", type=click.Path(file_okay=False, path_type=Path), help="The folder of the generated package."
    )
    @click.option(
        "--changelog",
        "changelog_file",
        type=click.Path(dir_okay=False, path_type=Path),
        default=Path("CHANGELOG.md"),
        show_default=True,
        help="The changelog.",
    )
    @click.option(
        "--check", is_flag=True, help="Write nothing: print what would be written, and exit with 1 if anything would."
    )
    def release(
        *,
        spec: Path | None,
        bump: str | None,
        version: str,
        since: str,
        on: str,
        out: Path | None,
        changelog_file: Path,
        check: bool,
    ) -> None:
        """Write the version, the changelog's section and the generated output in one step, or nothing at all.

        Refuses a smaller step than what changed since the last release asks for.
        """
        if bump and version:
            message = "--bump and --version exclude each other"
            raise click.UsageError(message)
        folder = spec_folder(spec)
        package = compiled(folder).registry.api.name
        out = out or Path("generated", package)
        from tool_generator.emit.output_folder import problem_of
        from tool_generator.release import releasing

        if problem := problem_of(out, package):
            raise click.UsageError(problem)

        order = releasing.Order(folder, out, changelog_file, _date(on), bump or "", version, since)
        _release(order, check=check)


def _release(order: Any, *, check: bool) -> None:
    from tool_generator.compare.registries import Unusable
    from tool_generator.problems import SpecProblems
    from tool_generator.release import releasing

    try:
        plan = releasing.plan(order)
    except Unusable as error:
        _unusable(str(error))
    except releasing.Refused as error:
        click.echo(f"refused: {error}", err=True)
        sys.exit(1)
    except SpecProblems as error:
        for problem in error.problems:
            click.echo(str(problem), err=True)
        sys.exit(1)
    if check:
        for line in releasing.pending(plan):
            click.echo(line)
        click.echo(f"\n{_section(plan)}", nl=False)
        click.echo(f"{plan.version} is not released: run toolgen release", err=True)
        sys.exit(1)
    try:
        releasing.write(plan)
    except OSError as error:
        click.echo(f"nothing was written: {error}", err=True)
        sys.exit(1)
    since = f" after {plan.previous}" if plan.previous else ""
    click.echo(f"{plan.version}{since}: {plan.spec_file}, {plan.changelog}, {plan.out}")
    click.echo(f"commit, then: git tag v{plan.version}")


def _section(plan: Any) -> str:
    from tool_generator.release import changelog

    return f"## [{plan.version}]\n\n{changelog.section(plan.changelog_text, plan.version, str(plan.changelog))}\n"


def _date(given: str) -> str:
    if not given:
        return datetime.now(UTC).date().isoformat()
    try:
        return date.fromisoformat(given).isoformat()
    except ValueError:
        message = f"--date {given} is not a date of the form 2026-01-31"
        raise click.UsageError(message) from None


def _sides(folder: Path, document: Path, compiled: Callable[[Path], Any]) -> tuple[Any, Upstream, Any]:
    """Give the registry of a spec, the document, and the arguments that come from shared types."""
    try:
        registry = compiled(folder).registry
    except SystemExit:
        # For `validate`, a wrong spec is the answer (exit code 1). Here a wrong spec is an input that cannot be used.
        sys.exit(2)
    from tool_generator.compare.drift import shared_names
    from tool_generator.openapi import UpstreamUnreadable, read_upstream

    try:
        upstream = read_upstream(document)
    except UpstreamUnreadable as error:
        for problem in error.problems:
            click.echo(f"{document}: {problem}", err=True)
        sys.exit(2)
    for problem in upstream.problems:
        click.echo(f"{document}: {problem.severity}: {problem}", err=True)
    return registry, upstream, shared_names(folder, registry)


def _drift_text(result: Drift, *, show_all: bool) -> str:
    shown = [item for item in result.judgements if item.verdict != "same"]
    width = max((len(item.name) for item in shown if item.verdict != "new"), default=0)
    lines = ["the API as a whole", *map(_change, result.api)] if result.api else []
    lines += [line for item in shown for line in _lines(item, width, show_all=show_all)]
    counted = ", ".join(f"{count} {verdict}" for verdict, count in result.counts().items())
    own = f"; not judged: {', '.join(result.own)}" if result.own else ""
    return "\n".join([*lines, f"{counted}{own}"])


def _lines(item: Judgement, width: int, *, show_all: bool) -> list[str]:
    line = f"{item.verdict:<9} {item.name:<{width}}  {item.operation}"
    if item.verdict == "gone":
        sunset = f" (sunset {item.sunset})" if item.sunset else ""
        line += f"; replaced by {item.replaced_by}{sunset}" if item.replaced_by else sunset or "; no replacement named"
    lines = [line.rstrip()]
    most = len(item.changes) if show_all else _MOST_CHANGES
    lines += map(_change, item.changes[:most])
    if len(item.changes) > most:
        lines.append(f"    and {len(item.changes) - most} more (--all)")
    return lines


def _change(change: Change) -> str:
    sides = [_short(side) for side in (change.was, change.now)]
    told = f": {sides[0]} -> {sides[1]}" if any(side != "-" for side in sides) else ""
    return f"  {'!' if change.breaking else '+'} {change.path} {change.kind}{told}"


def _short(value: Any) -> str:
    if value is None:
        return "-"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else text[:57] + "..."  # noqa: PLR2004 - a readable length


def _json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)


def _unusable(message: str) -> NoReturn:
    click.echo(message, err=True)
    sys.exit(2)
