"""Steps: tools composed of other tools.

Owns the order of a composed tool: the steps before, the tool's own request, the steps after. Each step is a call of its
own, and passes the gate and the ledger as such. When a later step fails, what earlier steps made is undone, newest
first, but only where the failure is certain. After a lost answer the later step may have happened, and may use what an
undo would remove. An error in the API's own shape is certain enough, since an undo never forces and the API itself
keeps what is in use. What stays is named in the error's `leftovers`, whatever the error is: an interrupt included.
"""

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from tool_runtime.core.binding import Bound
from tool_runtime.core.flow import Flow
from tool_runtime.core.foreign_errors import annotate, as_tool_error
from tool_runtime.core.replies import speaks_for_the_api
from tool_runtime.core.tools import Step, Undo
from tool_runtime.errors import Interrupted, OutcomeUnknown, RemoteError, ToolError, UnreadableReply
from tool_runtime.values.templates import ABSENT, expand, lookup, references
from tool_runtime.values.urls import segment_problem

log = logging.getLogger("tool_runtime")
Invoke = Callable[[str, Mapping[str, Any]], Flow]


@dataclass(slots=True)
class _Progress:
    """How far a composed tool came: the results by step, and the steps that ran."""

    scope: dict[str, Any]
    done: list[Step] = field(default_factory=list)


def perform(bound: Bound, send: Callable[[Bound], Flow], invoke: Invoke) -> Flow:
    """Run a bound call with all its steps. `send` sends its own request, `invoke` calls the tool of a step."""
    steps = bound.tool.steps
    if not steps.before and not steps.after:
        return (yield from send(bound))
    progress = _Progress(dict(bound.arguments) | dict(bound.extra))
    try:
        for step in steps.before:
            if step.when is None or step.when in bound.arguments:
                progress.scope[step.id] = yield from invoke(step.tool, expand(step.arguments, progress.scope))
                progress.done.append(step)
                _require(bound, step, progress.scope)
                bound = bound.with_wire(expand(step.set, progress.scope))
        result = yield from send(bound)
    except BaseException as error:
        _name_the_whole(error, bound)
        yield from _take_back(bound, progress, error, invoke)
        raise
    if steps.after:
        result = yield from _gather(bound, progress.scope, result, invoke)
    return result


def _gather(bound: Bound, scope: Mapping[str, Any], result: Any, invoke: Invoke) -> Flow:
    """Add the replies of the steps after a request to its result, each under the step's id."""
    if not isinstance(result, Mapping):
        message = f"{bound.tool.name}: the answer is no object"
        raise UnreadableReply(message, tool=bound.tool.name)
    gathered = dict(result)
    for step in bound.tool.steps.after:
        try:
            gathered[step.id] = yield from invoke(step.tool, expand(step.arguments, {**scope, "result": gathered}))
        except RemoteError as error:
            if not step.optional or error.outcome == "unknown":
                raise
            gathered[step.id] = None
            gathered.setdefault("unavailable", {})[step.id] = error.message
    return gathered


def _name_the_whole(error: BaseException, bound: Bound) -> None:
    """Say of which composed tool the step that failed is a part."""
    if isinstance(error, ToolError) and error.tool not in {None, bound.tool.name}:
        error.know(within=bound.tool.name)


def _take_back(bound: Bound, progress: _Progress, error: BaseException, invoke: Invoke) -> Flow:
    """Undo what the steps made, where the failure is certain; name what stays."""
    ended = isinstance(error, Exception) and not isinstance(error, TimeoutError)
    certain = isinstance(error, ToolError) and (error.outcome != "unknown" or speaks_for_the_api(error))
    failed = (isinstance(error, ToolError) and error.tool) or bound.tool.name
    made = progress.done[::-1]
    for index, step in enumerate(made):
        leftover = _leftover(step, progress.scope)
        named = step.undo is not None and not _nameless(step.undo, progress.scope)
        if step.undo is not None and ended and certain and named:
            try:
                yield from invoke(step.undo.tool, leftover["undo"]["arguments"])
            except ToolError as failure:
                leftover["reason"] = f"the undo failed: {failure.message}"
            except BaseException as cut:
                # Whoever reads the new exception has to learn of the first one too.
                message = f"{bound.tool.name} had failed ({error}), and taking back its steps was cut off"
                annotate(cut, _interrupted(bound, message, made[index:], progress.scope))
                raise
            else:
                continue
        elif not named:
            leftover["reason"] = f"the answer of {step.tool} does not name what was made"
        else:
            leftover["reason"] = f"{failed} may have happened and may use it" if ended else f"{failed} was cut off"
        if step.undo is not None:
            _report(error, bound, leftover)


def _leftover(step: Step, scope: Mapping[str, Any]) -> dict[str, Any]:
    undo: Undo | None = step.undo
    left: dict[str, Any] = {"tool": step.tool}
    if undo is not None:
        left["undo"] = {"tool": undo.tool, "arguments": expand(undo.arguments, scope)}
    return left


def _report(error: BaseException, bound: Bound, leftover: dict[str, Any]) -> None:
    if isinstance(error, ToolError):
        error.add_leftover(leftover)
    else:
        known = as_tool_error(error)
        if not hasattr(error, "tool_error"):
            known = Interrupted(f"{bound.tool.name} was cut off before its own request", tool=bound.tool.name)
        known.add_leftover(leftover)
        annotate(error, known)
    with suppress(Exception):
        log.warning("%s left something behind: %s", bound.tool.name, leftover)


def _interrupted(bound: Bound, message: str, left: list[Step], scope: Mapping[str, Any]) -> Interrupted:
    leftovers = tuple(_leftover(step, scope) | {"reason": "the undo was cut off"} for step in left if step.undo)
    with suppress(Exception):
        log.warning("%s: %s", message, leftovers)
    return Interrupted(message, tool=bound.tool.name, outcome="unknown", leftovers=leftovers)


def _require(bound: Bound, step: Step, scope: Mapping[str, Any]) -> None:
    """Stop where a step's answer lacks what the next needs: the step was done, and nobody knows what it made."""
    nameless = _nameless(step.undo, scope) if step.undo is not None else []
    for reference in [*_unmet(step.set, scope), *nameless]:
        field_name = reference.partition(".")[2]
        message = f"{step.tool} was answered without {field_name}, which {bound.tool.name} needs: it may have happened"
        hint = f"{bound.tool.name} itself was not sent. Look for what {step.tool} made before you call again."
        raise OutcomeUnknown(message, tool=step.tool, within=bound.tool.name, hint=hint)


def _unmet(template: Any, scope: Mapping[str, Any]) -> list[str]:
    """List the references of a template that lead nowhere, or to null or blank text, which name nothing either."""
    return [path for path, value in _referred(template, scope) if value is ABSENT or value is None or _is_blank(value)]


def _nameless(undo: Undo, scope: Mapping[str, Any]) -> list[str]:
    """List the references of an undo that lead to no name of a record: `llm_id` of `{"llm_id": {}}`, null or `..`."""
    return [path for path, value in _referred(undo.arguments, scope) if not _is_name(value)]


def _referred(template: Any, scope: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    return ((path, lookup(scope, path)) for path in references(template))


def _is_name(value: Any) -> bool:
    if isinstance(value, str):
        return not _is_blank(value) and segment_problem(value) is None
    return isinstance(value, int) and not isinstance(value, bool)


def _is_blank(value: Any) -> bool:
    return isinstance(value, str) and not value.strip()
