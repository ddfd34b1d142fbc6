"""Steps: tools composed of other tools.

Owns the order of a composed tool: the steps before, its own request, the steps after. When a later step fails, what
earlier steps made is undone, newest first, but only where the failure is certain: after a lost answer the later step
may have happened and may use what would be undone. An error in the API's own shape is certain enough, since an
undo never forces and the API itself keeps what is in use. What stays is named in the error's `leftovers`.
"""

import logging
from collections.abc import Iterator, Mapping
from typing import Any

from tool_runtime.core.attempts import exchange
from tool_runtime.core.binding import Bound
from tool_runtime.core.errors import RemoteError, ToolError, UnreadableReply
from tool_runtime.core.flow import Context, Flow
from tool_runtime.core.replies import speaks_for_the_api
from tool_runtime.core.templates import ABSENT, expand, lookup
from tool_runtime.core.tools import Step, Undo

log = logging.getLogger("tool_runtime")


def perform(context: Context, bound: Bound) -> Flow:
    """Run a bound call with all its steps."""
    steps = bound.tool.steps
    if not steps:
        return (yield from exchange(context, bound))
    scope: dict[str, Any] = dict(bound.arguments)
    done: list[Step] = []
    try:
        for step in steps.before:
            if step.when is not None and step.when not in bound.arguments:
                continue
            scope[step.id] = yield from _inner(context, bound, step, scope)
            done.append(step)
            _require(step, scope, step.set)
            bound = bound.with_wire(expand(step.set, scope))
        result = yield from exchange(context, bound)
    except Exception as error:
        if isinstance(error, ToolError) and error.tool != bound.tool.name:
            error.within = error.details["within"] = bound.tool.name
        yield from _undo(context, bound, done, scope, error)
        raise
    except BaseException:
        # Cancelled from outside: nothing more can be sent, so at least say what stays.
        for step in done:
            log.warning("%s was cancelled; %s had already run", bound.tool.name, step.tool)
        raise
    if steps.after and not isinstance(result, Mapping):
        message = f"{bound.tool.name}: the answer is no object"
        raise UnreadableReply(message, tool=bound.tool.name)
    for step in steps.after:
        result = dict(result)
        try:
            result[step.id] = yield from _inner(context, bound, step, {**scope, "result": result})
        except RemoteError as error:
            if not step.optional:
                raise
            result[step.id] = None
            result.setdefault("unavailable", {})[step.id] = error.message
    return result


def _inner(context: Context, bound: Bound, step: Step | Undo, scope: Mapping[str, Any]) -> Flow:
    tool = context.registry.resolve(step.tool)
    options = {
        name: value
        for name, value in (("timeout", bound.options.timeout), ("retries", bound.options.retries))
        if value is not None
    }
    inner = context.binder.bind(tool, expand(step.arguments, scope), options)
    return (yield from perform(context, inner))


def _undo(context: Context, bound: Bound, done: list[Step], scope: Mapping[str, Any], error: Exception) -> Flow:
    certain = isinstance(error, ToolError) and (error.outcome != "unknown" or speaks_for_the_api(error))
    for step in reversed(done):
        undo = step.undo
        if undo is None:
            continue
        arguments = expand(undo.arguments, scope)
        leftover = {"tool": step.tool, "undo": {"tool": undo.tool, "arguments": arguments}}
        if certain and not any(True for _ in _unmet(undo.arguments, scope)):
            try:
                yield from _inner(context, bound, undo, scope)
            except ToolError as failure:
                leftover["reason"] = f"the undo failed: {failure.message}"
            else:
                continue
        else:
            leftover["reason"] = f"{bound.tool.name} may have happened and may use it"
        if isinstance(error, ToolError):
            error.add_leftover(leftover)
        log.warning("%s left something behind: %s ran and was not undone", bound.tool.name, step.tool)


def _require(step: Step, scope: Mapping[str, Any], template: Any) -> None:
    for reference in _unmet(template, scope):
        message = f"{step.tool}: the answer lacks {reference.partition('.')[2]}, which the next step needs"
        raise UnreadableReply(message, tool=step.tool)


def _unmet(template: Any, scope: Mapping[str, Any]) -> Iterator[str]:
    if isinstance(template, str) and template.startswith("$") and not template.startswith("$$"):
        if lookup(scope, template[1:]) is ABSENT:
            yield template[1:]
    elif isinstance(template, Mapping | list):
        for part in template.values() if isinstance(template, Mapping) else template:
            yield from _unmet(part, scope)
