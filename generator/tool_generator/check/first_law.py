"""Checks of what a spec must never order.

The first law: never do a side effect twice, never hide one that may have happened, never let a key or a call go where
it does not belong. The runtime does what the spec says, so a spec that orders otherwise is a problem here, however
well the spec is formed.

    repeats        a write is sent again only where a repeat is known to do no harm
    hidden writes  no step may end unseen, and an undo takes back what its own step made
    destinations   headers, query names, paths, the base URL and the place of the key
    numbers        which phones a call makes ring
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from tool_generator.check.destinations import header_problem, key_place_problem, query_name_problem, template_problem
from tool_generator.compile.registry_document import idempotency
from tool_generator.model.schema_walk import at_path, branches
from tool_generator.problems import nearest, quoted
from tool_runtime.core.tools import USUAL_SCHEME
from tool_runtime.values.templates import references
from tool_runtime.values.urls import base_url_problem, normalise_base_url, path_problem, split_template

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tool_generator.compile.parameters import Parameter
    from tool_generator.load.spec import Entry, Spec
    from tool_generator.problems import Report

    Parameters = Mapping[str, Mapping[str, Parameter]]
    Path = tuple[str | int, ...]

_PRINTABLE = re.compile(r"[\x20-\x7e]*")
_CHANGING_METHODS = ("PUT", "PATCH", "DELETE")
_CHANGING_ACTIONS = ("create", "update", "replace", "delete", "transition")
_MORE_THAN_TAKING_BACK = ("dial", "spend", "publish")


def check_first_law(spec: Spec, parameters: Parameters, types: Mapping[str, Any], report: Report) -> None:
    """Check the whole spec for orders that break the first law."""
    _check_destination(spec, report)
    for name, known in parameters.items():
        tool = spec.tools[name]
        _check_headers(tool, known, spec, report)
        _check_path(tool, report)
        _check_destinations_of(tool, spec, report)
        _check_repeats(tool, report)
        _check_key(tool, known, types, spec, report)
        _check_steps(tool, spec, parameters, report)
        _check_secrets(tool, known, parameters, report)
        _check_numbers(tool, known, types, report)
    _check_replacements(spec, parameters, report)


def _check_destination(spec: Spec, report: Report) -> None:
    server, auth = spec.sections.get("server"), spec.sections.get("auth")
    if server is not None and server.whole:
        url = server.data["base_url"]
        endings = server.data.get("strip", ())
        problem = base_url_problem(url)
        if problem is not None:
            report.problem(server.where("base_url"), f"the base URL {quoted(url)} {problem}: write https://host/path")
        elif normalise_base_url(url, endings) != url.rstrip("/"):
            report.problem(
                server.where("strip", key=True),
                f"strip takes the ending of base_url itself: calls would go to {normalise_base_url(url, endings)}",
            )
        for index, ending in enumerate(endings):
            problem = path_problem(ending) or ("" if ending.isascii() else "must be ASCII")
            if problem:
                message = f"the ending {quoted(ending)} {problem}: write /v1 or the like"
                report.problem(server.where("strip", index), message)
        for name, other in server.data.get("others", {}).items():
            problem = base_url_problem(other)
            if problem is not None:
                message = f"the base URL {quoted(other)} of {name} {problem}: write https://host/path"
                report.problem(server.where("others", name), message)
    if auth is None or not auth.whole:
        return
    for path, scheme in _schemes(auth):
        name, prefix = scheme["name"], scheme.get("prefix", "")
        problem = key_place_problem(scheme["in"], name)
        if problem:
            report.problem(auth.where(*path, "name"), f"the key's {scheme['in']} {problem}")
        if not _PRINTABLE.fullmatch(prefix):
            message = f"the prefix {quoted(prefix)} holds characters that no header may hold: use printable ASCII"
            report.problem(auth.where(*path, "prefix"), message)
        if scheme.get("basic") and scheme["in"] != "header":
            report.problem(auth.where(*path, "basic"), "a login goes into a header: write in: header")
    for index, together in enumerate(auth.data.get("use", ())):
        _check_scheme_names(auth, ("use", index), together, auth, report)


def _schemes(auth: Entry) -> list[tuple[tuple[str, ...], dict[str, Any]]]:
    """Give the schemes of api.yaml, each with its path in `auth`."""
    if "schemes" not in auth.data:
        return [((), auth.data)]
    return [(("schemes", name), scheme) for name, scheme in auth.data["schemes"].items()]


def _check_scheme_names(entry: Entry, path: Path, names: list[str], auth: Entry, report: Report) -> None:
    known = auth.data.get("schemes", {USUAL_SCHEME: auth.data})
    for index, name in enumerate(names):
        if name not in known:
            where = entry.where(*path, index)
            report.problem(where, f"there is no scheme {quoted(name)} in auth.schemes{nearest(name, known)}")


def _check_destinations_of(tool: Entry, spec: Spec, report: Report) -> None:
    """Check that a tool names servers and schemes that there are."""
    server, auth = spec.sections.get("server"), spec.sections.get("auth")
    others = server.data.get("others", {}) if server is not None and server.whole else {}
    if "server" in tool.data and tool.data["server"] not in others:
        name = tool.data["server"]
        message = f"{tool.name}: there is no server {quoted(name)} in server.others{nearest(name, others)}"
        report.problem(tool.where("server"), message)
    for index, together in enumerate(tool.data.get("security", ()) if auth is not None and auth.whole else ()):
        assert auth is not None  # noqa: S101 - said by the line above
        _check_scheme_names(tool, ("security", index), together, auth, report)


def _holds_key(place: str, name: str, spec: Spec) -> bool:
    """Say whether a header, query parameter or cookie is one that carries a key."""
    auth = spec.sections.get("auth")
    if auth is None or not auth.whole:
        return False
    keys = [scheme["name"] for _, scheme in _schemes(auth) if scheme["in"] == place]
    return name.lower() in map(str.lower, keys) if place == "header" else name in keys


def _check_headers(tool: Entry, known: Mapping[str, Parameter], spec: Spec, report: Report) -> None:
    for item in known.values():
        problem = header_problem(item.wire) if item.place == "header" else ""
        if _holds_key(item.place, item.wire, spec):
            problem = f"{quoted(item.wire)} carries the API key: no argument may set it"
        if problem:
            report.problem(item.where, f"{tool.name}: the {item.place} parameter {problem}")


def _check_path(tool: Entry, report: Report) -> None:
    template, _ = split_template(tool.data["path"])
    problem = template_problem(template)
    if problem:
        report.problem(tool.where("path"), f"{tool.name}: the path {quoted(template)} {problem}")


def _check_repeats(tool: Entry, report: Report) -> None:
    data = tool.data
    if data["class"] == "read":
        if data["method"] in _CHANGING_METHODS:
            message = f"{tool.name}: a read is repeated after a lost answer, and {data['method']} changes something"
            report.problem(tool.where("class"), f"{message}: write class: write")
        action = data.get("resource", {}).get("action")
        if action in _CHANGING_ACTIONS:
            message = f"{tool.name}: is a read, but the sandbox is to {action} a record: write class: write"
            report.problem(tool.where("resource", "action"), message)
        return
    if "pagination" in data:
        message = f"{tool.name}: reading page after page repeats the call, and {tool.name} is a write"
        report.problem(tool.where("pagination"), message)
    if not data.get("retry", {}).get("lost_answer") or "idempotency" in data:
        return
    where = tool.where("retry", "lost_answer")
    if data.get("effects"):
        message = (
            f"{tool.name}: lost_answer would {', '.join(data['effects'])} twice: declare idempotency, the field whose "
            "key makes repeats count as one, or leave lost_answer out and say in reconcile how to find out"
        )
        report.problem(where, message)
    elif data.get("resource", {}).get("action") == "create":
        message = f"{tool.name}: lost_answer would create a second record: declare idempotency, or leave it out"
        report.problem(where, message)


def _check_key(
    tool: Entry, known: Mapping[str, Parameter], types: Mapping[str, Any], spec: Spec, report: Report
) -> None:
    if "idempotency" not in tool.data:
        return
    field = idempotency(tool.data)
    where = tool.where("idempotency", "name")
    name, place = field["name"], field["in"]
    problem = ""
    if place == "header":
        problem = header_problem(name)
    elif place == "query":
        problem = query_name_problem(name)
    if _holds_key(place, name, spec):
        problem = f"{quoted(name)} carries the API key: choose another one"
    if problem:
        report.problem(where, f"{tool.name}: the idempotency {place} {problem}")
    for item in known.values():
        if (item.place, item.wire) == (place, name) and not _takes_text(item.friendly, types):
            report.problem(item.where, f"{tool.name}: {quoted(item.name)} is a key of idempotency, so it is a string")
    life, timeout = field.get("life"), tool.data.get("timeout", 0)
    if life is not None and life <= timeout:
        message = f"{tool.name}: the key is forgotten after {life:g} s, before one attempt ends (timeout: {timeout:g})"
        report.problem(tool.where("idempotency", "life"), message)
    if life is None and tool.data.get("effects"):
        message = f"{tool.name}: says no life of its key; an attempt after that life does a second effect"
        report.warn(tool.where("idempotency", key=True), f"{message}: add life: SECONDS")


def _takes_text(schema: Any, types: Mapping[str, Any]) -> bool:
    """Say whether a schema admits texts."""
    for option in branches(schema, types):
        kinds = option.get("type", "string") if isinstance(option, dict) else "string"
        if option is not False and "string" in ([kinds] if isinstance(kinds, str) else kinds):
            return True
    return False


def _check_steps(tool: Entry, spec: Spec, parameters: Parameters, report: Report) -> None:
    for path, step in _steps(tool):
        if step["tool"] not in parameters:
            continue
        target = spec.tools[step["tool"]]
        is_write = target.data["class"] == "write"
        if step.get("optional") and is_write:
            message = f"{tool.name}: {target.name} is a write, and an optional step hides that it may have happened"
            report.problem(tool.where(*path, "optional"), f"{message}: leave optional out")
        if "undo" in step:
            _check_undo(tool, (*path, "undo"), step, spec, parameters, report)


def _check_undo(
    tool: Entry, path: Path, step: Mapping[str, Any], spec: Spec, parameters: Parameters, report: Report
) -> None:
    where = tool.where(*path, key=True)
    if spec.tools[step["tool"]].data["class"] == "read":
        report.problem(where, f"{tool.name}: {step['tool']} is a read, which leaves nothing to undo")
    undo = step["undo"]
    used = {reference.partition(".")[0] for reference in references(undo.get("with", {}))}
    if step["id"] not in used:
        message = f"{tool.name}: undo may only take back what the step made: name it with ${step['id']}.FIELD"
        report.problem(where, message)
    if undo["tool"] not in parameters:
        return
    target = spec.tools[undo["tool"]].data
    if target["class"] == "read":
        report.problem(tool.where(*path, "tool"), f"{tool.name}: {undo['tool']} is a read, which undoes nothing")
    effects = [effect for effect in target.get("effects", ()) if effect in _MORE_THAN_TAKING_BACK]
    if effects:
        message = f"{tool.name}: an undo may not {', '.join(effects)}, and {undo['tool']} does"
        report.problem(tool.where(*path, "tool"), message)


def _steps(tool: Entry) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    for phase, steps in tool.data.get("steps", {}).items():
        for index, step in enumerate(steps):
            yield ("steps", phase, index), step


def _check_secrets(tool: Entry, known: Mapping[str, Parameter], parameters: Parameters, report: Report) -> None:
    """Check that a secret argument goes to no place that would show its value under another name."""
    secret = {item.name for item in known.values() if item.data.get("secret")}
    if not secret:
        return
    calls: list[tuple[Path, Mapping[str, Any]]] = [*_steps(tool)]
    calls += [((*path, "undo"), step["undo"]) for path, step in _steps(tool) if "undo" in step]
    if "reconcile" in tool.data:
        calls.append((("reconcile",), tool.data["reconcile"]))
    for path, call in calls:
        taken = parameters.get(call["tool"], {})
        hidden = {name for item in taken.values() if item.data.get("secret") for name in (item.name, *item.spellings)}
        for name, template in call.get("with", {}).items():
            shown = secret.intersection(reference.partition(".")[0] for reference in references(template))
            # The recipe of reconcile stands in errors, in logs and in the ledger.
            if shown and (path == ("reconcile",) or name not in hidden):
                told = ", ".join(map(quoted, sorted(shown)))
                message = f"{tool.name}: {told} is secret, and {quoted(name)} of {call['tool']} would show it"
                report.problem(tool.where(*path, "with", name, key=True), message)


def _check_numbers(tool: Entry, known: Mapping[str, Parameter], types: Mapping[str, Any], report: Report) -> None:
    dials = "dial" in tool.data.get("effects", ())
    numbers = tool.data.get("numbers", ())
    if numbers and not dials:
        message = f"{tool.name}: numbers are those that a call makes ring: add the effect dial, or leave numbers out"
        report.problem(tool.where("numbers", key=True), message)
    # Nobody can know which numbers a helper with a raw path dials.
    if dials and not numbers and not any(item.data.get("raw") for item in known.values()):
        message = f"{tool.name}: dials, but numbers does not say whom: limits on numbers cannot hold for it"
        report.warn(tool.where("effects", key=True), f"{message}; write numbers: [$to_number] or the like")
    for index, template in enumerate(numbers):
        where = tool.where("numbers", index)
        found = list(references(template))
        if not found:
            report.problem(where, f"{tool.name}: {quoted(template)} names no argument: write $to_number or the like")
        for reference in found:
            name, _, rest = reference.partition(".")
            if name not in known:
                hint = nearest(name, known)
                report.problem(where, f"{tool.name}: there is no argument {quoted(name)}{hint}")
                continue
            schemas, names = at_path(known[name].friendly, rest, types)
            if names:
                hint = nearest(rest.rpartition(".")[2], names)
                report.problem(where, f"{tool.name}: {quoted(name)} has nothing at {quoted(rest)}{hint}")
            elif schemas and not any(_takes_text(schema, types) for schema in schemas):
                report.problem(where, f"{tool.name}: {quoted(reference)} is no text, so it is no phone number")


def _check_replacements(spec: Spec, parameters: Parameters, report: Report) -> None:
    """Check that a chain of `replaced_by` ends."""
    for name in parameters:
        chain = [name]
        while (following := _replacement(spec, chain[-1])) is not None and following not in chain:
            chain.append(following)
        # Another check reports a tool that is replaced by itself.
        if following == name and len(chain) > 1:
            told = " to ".join([*chain, name])
            report.problem(spec.tools[name].where("replaced_by"), f"{name}: replaced_by leads back: {told}")


def _replacement(spec: Spec, name: str) -> str | None:
    entry = spec.tools.get(name)
    given = entry.data.get("replaced_by") if entry is not None and entry.whole else None
    return str(given) if given is not None else None
