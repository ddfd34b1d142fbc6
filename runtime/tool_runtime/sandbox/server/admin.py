"""The sandbox's own API, under `/__sandbox/`: what testers and programs do to a sandbox that no caller of the API can.

Owns the routes, what each takes and answers. Must not know how a request travels. Every answer is JSON; a mistake is
answered 400, and what is not there 404, as `{"error": message, "hint": ...}`.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any, Final

from tool_runtime.errors import ConfigurationError, ToolError
from tool_runtime.sandbox.failures import KINDS, Failure
from tool_runtime.sandbox.mistakes import check_address, check_choice, is_number
from tool_runtime.sandbox.sample_events import sample_event
from tool_runtime.sandbox.sandbox import Sandbox
from tool_runtime.sandbox.server.admin_path import PREFIX
from tool_runtime.sandbox.twists import TWISTS

_SECOND: Final = 1_000_000
_MOST_SHOWN: Final = 1000


@dataclass(frozen=True, slots=True)
class AdminRequest:
    """A request to the sandbox's own API; `path` comes without the prefix."""

    method: str
    path: str
    query: Mapping[str, str]
    body: Any = None

    def fields(self, *known: str) -> dict[str, Any]:
        """Return the body's fields. Raises `ConfigurationError` for a body that is no object and for unknown fields."""
        body = {} if self.body is None else self.body
        if not isinstance(body, dict):
            message = "the body is a JSON object"
            raise ConfigurationError(message)
        for name in body:
            if known:
                check_choice("a field", name, known)
        return body


class Missing(Exception):
    """There is no such thing here."""


Handler = Callable[[Sandbox, AdminRequest, tuple[str, ...]], Any]


def answer(sandbox: Sandbox, request: AdminRequest) -> tuple[int, Any]:
    """Return the status and the JSON for a request."""
    allowed = False
    for method, pattern, handler in _ROUTES:
        found = pattern.fullmatch(request.path.rstrip("/") or "/")
        if found is None:
            continue
        if method != request.method:
            allowed = True
            continue
        try:
            return 200, handler(sandbox, request, found.groups())
        except Missing as missing:
            return 404, {"error": str(missing)}
        except ToolError as error:
            return 400, {"error": str(error).splitlines()[0], "hint": getattr(error, "hint", None)}
        except TypeError as error:
            return 400, {"error": f"the request cannot be read: {error}"}
    if allowed:
        return 405, {"error": f"{request.method} is not possible here"}
    return 404, {"error": f"there is no {PREFIX}{request.path}", "hint": f"GET {PREFIX}/info lists what there is."}


def _health(sandbox: Sandbox, _request: AdminRequest, _found: tuple[str, ...]) -> Any:
    api = sandbox.registry.api
    return {"sandbox": api.name, "title": api.title, "version": api.version, "requests": sandbox.engine.received}


def _info(sandbox: Sandbox, _request: AdminRequest, _found: tuple[str, ...]) -> Any:
    resources = {}
    for name, spec in sandbox.registry.resources.items():
        personas = spec.personas.known if spec.personas is not None else ()
        resources[name] = {
            "id": spec.id_field,
            "records": len(sandbox.records(name)),
            "interventions": {verb: action.takes or {} for verb, action in spec.interventions.items()},
            "personas": [{"name": one.name, "ends": one.ends, "summary": one.summary} for one in personas],
        }
    return {
        "settings": sandbox.settings,
        "resources": resources,
        "events": sandbox.deliveries.events,
        "failures": KINDS,
        "twists": TWISTS,
        "tools": [name for name, tool in sandbox.registry.tools.items() if "{+" not in tool.path],
        "routes": [f"{method} {PREFIX}{pattern.pattern}" for method, pattern, _ in _ROUTES],
    }


def _reset(sandbox: Sandbox, _request: AdminRequest, _found: tuple[str, ...]) -> Any:
    sandbox.reset()
    return {"reset": True}


def _export(sandbox: Sandbox, _request: AdminRequest, _found: tuple[str, ...]) -> Any:
    return sandbox.export_state()


def _import(sandbox: Sandbox, request: AdminRequest, _found: tuple[str, ...]) -> Any:
    sandbox.import_state(request.fields())
    return {"records": sum(len(sandbox.records(name)) for name in sandbox.registry.resources)}


def _seed(sandbox: Sandbox, request: AdminRequest, _found: tuple[str, ...]) -> Any:
    sandbox.seed(request.fields())
    return {"seeded": True}


def _clock(sandbox: Sandbox, _request: AdminRequest, _found: tuple[str, ...]) -> Any:
    clock = sandbox.clock
    following = sandbox.next_moment()
    return {
        "now": clock.iso(),
        "now_ms": clock.microseconds() // 1000,
        "mode": clock.mode,
        "next_change_ms": None if following is None else following // 1000,
    }


def _set_clock(sandbox: Sandbox, request: AdminRequest, found: tuple[str, ...]) -> Any:
    given = request.fields("advance", "freeze", "to_next_change")
    if "freeze" in given:
        if not isinstance(given["freeze"], bool):
            message = "freeze is true or false"
            raise ConfigurationError(message)
        sandbox.clock.freeze(given["freeze"])
    if "advance" in given:
        if not is_number(given["advance"], 0, 10**10):
            message = "advance is a number of seconds, 0 or more"
            raise ConfigurationError(message)
        sandbox.clock.sleep(given["advance"])
    if given.get("to_next_change") is True:
        following = sandbox.next_moment()
        if following is not None:
            sandbox.clock.sleep((following - sandbox.clock.microseconds()) / _SECOND)
    sandbox.advance()
    return _clock(sandbox, request, found)


def _failures(sandbox: Sandbox, _request: AdminRequest, _found: tuple[str, ...]) -> Any:
    return {"failures": [one.to_dict() for one in sandbox.failures]}


def _fail(sandbox: Sandbox, request: AdminRequest, _found: tuple[str, ...]) -> Any:
    given = request.fields(*(one.name for one in fields(Failure)))
    number = sandbox.fail(**given)
    return next(one.to_dict() for one in sandbox.failures if one.number == number)


def _heal(sandbox: Sandbox, _request: AdminRequest, found: tuple[str, ...]) -> Any:
    if found and not sandbox.heal(int(found[0])):
        message = f"there is no failure {found[0]}"
        raise Missing(message)
    if not found:
        sandbox.heal()
    return {"failures": [one.to_dict() for one in sandbox.failures]}


def _requests(sandbox: Sandbox, request: AdminRequest, _found: tuple[str, ...]) -> Any:
    query = dict(request.query)
    limit = _number(query.pop("limit", "100"), "limit")
    for name in query:
        check_choice("a parameter", name, ("tool", "method", "path", "status", "failure", "after"))
    wanted: dict[str, Any] = {
        name: _number(value, name) if name in {"status", "after"} else value for name, value in query.items()
    }
    found = sandbox.find_requests(**wanted)
    return {"total": len(found), "requests": [one.to_dict() for one in found[-min(limit, _MOST_SHOWN) :]]}


def _number(text: str, name: str) -> int:
    if not text.isascii() or not text.isdecimal():
        message = f"{name} is a whole number, not {text!r:.40}"
        raise ConfigurationError(message)
    return int(text)


def _forget(sandbox: Sandbox, _request: AdminRequest, _found: tuple[str, ...]) -> Any:
    sandbox.forget_requests()
    return {"total": 0, "requests": []}


def _resource(sandbox: Sandbox, name: str) -> str:
    """Return the resource that a name or its plural means: `calls` is `call`."""
    known = sandbox.registry.resources
    singular = name.removesuffix("s")
    return singular if name not in known and singular in known else name


def _records(sandbox: Sandbox, request: AdminRequest, found: tuple[str, ...]) -> Any:
    if not found:
        return {name: len(sandbox.records(name)) for name in sandbox.registry.resources}
    records = sandbox.records(_resource(sandbox, found[0]))
    limit = _number(request.query.get("limit", "100"), "limit")
    return {"total": len(records), "records": records[::-1][: min(limit, _MOST_SHOWN)]}


def _put(sandbox: Sandbox, request: AdminRequest, found: tuple[str, ...]) -> Any:
    name = _resource(sandbox, found[0])
    given = request.fields()
    spec = sandbox.registry.resources.get(name)
    makers = [verb for verb, action in spec.interventions.items() if action.does == "create"] if spec else []
    if makers and (spec is None or spec.id_field is None or spec.id_field not in given):
        return sandbox.intervene(name, "", makers[0], **given)
    return sandbox.put(name, given)


def _record(sandbox: Sandbox, _request: AdminRequest, found: tuple[str, ...]) -> Any:
    name = _resource(sandbox, found[0])
    path = sandbox.registry.resources[name].id_field if name in sandbox.registry.resources else None
    for record in sandbox.records(name):
        if path is None or str(record.get(path)) == found[1]:
            return record
    message = f"there is no {name} {found[1]}"
    raise Missing(message)


def _drop(sandbox: Sandbox, _request: AdminRequest, found: tuple[str, ...]) -> Any:
    if not sandbox.drop(_resource(sandbox, found[0]), found[1]):
        message = f"there is no {found[0]} {found[1]}"
        raise Missing(message)
    return {"dropped": found[1]}


def _intervene(sandbox: Sandbox, request: AdminRequest, found: tuple[str, ...]) -> Any:
    name, record_id, verb = found
    given = request.fields()
    return sandbox.intervene(_resource(sandbox, name), record_id, verb.replace("hangup", "hang_up"), **given)


def _webhooks(sandbox: Sandbox, request: AdminRequest, _found: tuple[str, ...]) -> Any:
    after = _number(request.query.get("after", "0"), "after")
    event, state = request.query.get("event"), request.query.get("state")
    with sandbox.engine.lock:
        shown = [one.shown() for one in sandbox.deliveries.journal]
    chosen = [
        one
        for one in shown
        if one["number"] > after and event in (None, one["event"]) and state in (None, one["state"])
    ]
    return {"url": sandbox.deliveries.url, "webhooks": chosen}


def _webhook(sandbox: Sandbox, _request: AdminRequest, found: tuple[str, ...]) -> Any:
    delivery = sandbox.deliveries.find(int(found[0]))
    if delivery is None:
        message = f"there is no delivery {found[0]}"
        raise Missing(message)
    return delivery.shown()


def _resend(sandbox: Sandbox, request: AdminRequest, found: tuple[str, ...]) -> Any:
    with sandbox.engine.lock:
        again = sandbox.deliveries.resend(int(found[0]), request.fields("url").get("url"))
    if again is None:
        message = f"there is no delivery {found[0]}"
        raise Missing(message)
    sandbox.engine.applied()
    return again.shown()


def _twist(sandbox: Sandbox, request: AdminRequest, _found: tuple[str, ...]) -> Any:
    given = request.fields("kind", "event", "times", "seconds")
    sandbox.twist(**given)
    return given


def _webhook_settings(sandbox: Sandbox, request: AdminRequest, _found: tuple[str, ...]) -> Any:
    given = request.fields("url", "key")
    for name, value in given.items():
        if value is not None and not (isinstance(value, str) and value):
            message = f"{name} is a text or null"
            raise ConfigurationError(message)
    if "url" in given:
        check_address("url", given["url"])
        sandbox.deliveries.url = given["url"]
        sandbox.deliveries.name(given["url"])
    if "key" in given:
        sandbox.deliveries.key = given["key"]
    return {"url": sandbox.deliveries.url, "key": None if sandbox.deliveries.key is None else "***"}


def _trigger(sandbox: Sandbox, request: AdminRequest, _found: tuple[str, ...]) -> Any:
    given = request.fields("event", "url", "set")
    check_address("url", given.get("url"))
    payload = sample_event(sandbox.registry, given.get("event"), given.get("set") or {})
    with sandbox.engine.lock:
        delivery = sandbox.deliveries.add(
            str(given["event"]),
            payload,
            url=given.get("url") or sandbox.deliveries.url,
            resource="",
            record="",
            timeout_ms=sandbox.registry.manners.deliveries.timeout_ms,
            named="url" in given,
        )
    sandbox.engine.applied()
    return delivery.shown()


_ID: Final = r"([^/]+)"
_NUMBER: Final = r"([0-9]{1,15})"
_ROUTES: Final[list[tuple[str, re.Pattern[str], Handler]]] = [
    (method, re.compile(path), handler)
    for method, path, handler in (
        ("GET", "/health", _health),
        ("GET", "/info", _info),
        ("POST", "/reset", _reset),
        ("GET", "/state", _export),
        ("PUT", "/state", _import),
        ("POST", "/seed", _seed),
        ("GET", "/clock", _clock),
        ("POST", "/clock", _set_clock),
        ("GET", "/failures", _failures),
        ("POST", "/failures", _fail),
        ("DELETE", "/failures", _heal),
        ("DELETE", f"/failures/{_NUMBER}", _heal),
        ("GET", "/requests", _requests),
        ("DELETE", "/requests", _forget),
        ("GET", "/webhooks", _webhooks),
        ("POST", "/webhooks", _trigger),
        ("PUT", "/webhooks/settings", _webhook_settings),
        ("POST", "/webhooks/twists", _twist),
        ("GET", f"/webhooks/{_NUMBER}", _webhook),
        ("POST", f"/webhooks/{_NUMBER}/resend", _resend),
        ("GET", "/records", _records),
        ("GET", f"/records/{_ID}", _records),
        ("POST", f"/records/{_ID}", _put),
        ("GET", f"/records/{_ID}/{_ID}", _record),
        ("DELETE", f"/records/{_ID}/{_ID}", _drop),
        ("POST", f"/records/{_ID}/{_ID}/([a-z_]+)", _intervene),
        # The same under the plural of a resource: /calls/ID/answer.
        ("GET", f"/{_ID}", _records),
        ("POST", f"/{_ID}", _put),
        ("GET", f"/{_ID}/{_ID}", _record),
        ("POST", f"/{_ID}/{_ID}/([a-z_]+)", _intervene),
    )
]
