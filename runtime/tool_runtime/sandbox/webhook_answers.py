"""What a receiver's answer to a webhook means, by what the spec declares of it.

Owns the verdict on an answer: whether it counts, what is wrong with it, and what it decides, in words. The listener of
the command line shows the verdict, and the sandbox acts by it. Must not know who asked.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from tool_runtime.core.registry import Registry
from tool_runtime.sandbox.sample_events import FUNCTION
from tool_runtime.sandbox.samples import Schemas
from tool_runtime.values.suggestions import nearest
from tool_runtime.values.validation import Validator

_LONGEST_SHOWN: Final = 80


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an answer is worth. `counts` is False for one that the API acts on as on none; `means` says what it decides.

    `value` is the JSON of the answer (None: no JSON), `text` its text, cut where the API cuts it.
    """

    counts: bool
    faults: tuple[str, ...] = ()
    means: tuple[str, ...] = ()
    value: Any = None
    text: str = ""


def judge_answer(registry: Registry, name: str | None, status: int, content: bytes) -> Verdict:
    """Judge the answer to an event, or to the request of a function (`FUNCTION`).

    Example: `judge_answer(registry, "call_inbound", 200, b'{"call_inbound": {"override_agent_id": "a"}}').means` has
    one line about the agent.
    """
    text = content.decode("utf-8", "replace")
    if not 200 <= status < 300:  # noqa: PLR2004 - the statuses of success
        return Verdict(
            counts=False, faults=(f"status {status} is no success, so the delivery is sent again",), text=text
        )
    webhooks = registry.webhooks
    if webhooks is None or name is None:
        return Verdict(counts=True, text=text)
    if name == FUNCTION and webhooks.functions is not None:
        return _of_a_function(text, webhooks.functions.longest_answer)
    event = webhooks.events.get(name)
    if event is None or event.answer is None:
        return Verdict(counts=True, text=text)
    value = _json(text)
    if not isinstance(value, dict):
        fault = f"the answer to {name} is a JSON object, and decides how things go on; this one is none"
        return Verdict(counts=False, faults=(fault,), text=text)
    schemas = Schemas(registry)
    unknown = tuple(_unknown(schemas, event.answer, value, "", name))
    wrong = tuple(_wrong(registry, event.answer, value))
    means = tuple(_meaning(schemas, event.answer, value, ""))
    nothing = () if means else ("nothing is decided: all stays as it is set",)
    return Verdict(counts=not wrong, faults=(*unknown, *wrong), means=means or nothing, value=value, text=text)


def _of_a_function(text: str, longest: int | None) -> Verdict:
    value = _json(text)
    form = "JSON" if value is not None else "text"
    means = f"the model reads {len(text)} characters of {form}" if text else "the model reads an empty result"
    if longest is None or len(text) <= longest:
        return Verdict(counts=True, means=(means,), value=value, text=text)
    fault = f"the answer has {len(text)} characters; what comes after {longest} is cut off"
    means = f"the model reads {longest} characters of {form}"
    return Verdict(counts=True, faults=(fault,), means=(means,), value=value, text=text[:longest])


def _unknown(schemas: Schemas, schema: Any, value: Mapping[str, Any], place: str, name: str) -> Iterator[str]:
    """Yield the fields that mean nothing: those of the answer, and of the objects in it that the spec describes."""
    known = schemas.properties(schema)
    for field, part in value.items():
        if field not in known:
            near = nearest(field, known)
            hint = f"did you mean {near}?" if near else f"known is {', '.join(known)}"
            yield f"{place}{field} means nothing in an answer to {name}; {hint}"
        elif isinstance(part, dict) and schemas.properties(known[field]):
            yield from _unknown(schemas, known[field], part, f"{place}{field}.", name)


def _wrong(registry: Registry, schema: Any, value: Any) -> Iterator[str]:
    validator = Validator(registry.types)
    if not validator.accepts(schema, value):
        _, faults = validator.check(schema, value, "answer")
        yield from [str(fault) for fault in faults] or ["the answer does not fit what the API declares"]


def _meaning(schemas: Schemas, schema: Any, value: Mapping[str, Any], place: str) -> Iterator[str]:
    """Yield a line for each decision: `override_agent_id "agent_7": The agent that talks`."""
    for field, declared in schemas.properties(schema).items():
        if field not in value:
            continue
        inner = schemas.properties(declared)
        if isinstance(value[field], dict) and inner and not place:
            yield from _meaning(schemas, declared, value[field], f"{field}.")
            continue
        shown = json.dumps(value[field])
        shown = shown if len(shown) <= _LONGEST_SHOWN else f"{shown[:_LONGEST_SHOWN]}…"
        about = str(schemas.resolve(declared).get("description") or declared.get("description") or "")
        yield f"{field} {shown}{': ' + about if about else ''}"


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
