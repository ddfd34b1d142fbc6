"""A spec that orders what breaks the first law is refused, with file and line and the nearest right thing."""

from __future__ import annotations

import pytest

STRING = {"type": "string"}
BODY = {"in": "body", "schema": STRING}
KEY = {"key": BODY}
FIELD = {"in": "body", "name": "key"}
TASKS = {"type": "array", "items": {"type": "object", "properties": {"to": STRING, "at": {"type": "integer"}}}}
DIAL = {"effects": ["dial"], "parameters": {"to": BODY, "tasks": BODY | {"schema": TASKS}}}


def header(name):
    return {"parameters": {"a": {"in": "header", "wire": name, "schema": STRING}}}


def told(spec, message):
    """Return whether exactly one problem holds the message, and stands at a line of a file."""
    found = [problem for problem in spec.problems() if message in problem]
    assert all(problem.split(":")[1].isdigit() for problem in found)
    return len(found) == 1


REPEATS = {
    "a dial that is repeated blindly": (
        {"effects": ["dial"], "retry": {"lost_answer": True}},
        "lost_answer would dial twice: declare idempotency",
    ),
    "a purchase that is repeated blindly": (
        {"effects": ["spend", "publish"], "retry": {"lost_answer": True, "attempts": 2}},
        "lost_answer would spend, publish twice",
    ),
    "a record that is made twice": (
        {"retry": {"lost_answer": True}, "resource": {"name": "thing", "action": "create"}},
        "lost_answer would create a second record",
    ),
    "more attempts than anybody waits for": ({"retry": {"attempts": 11}}, "must be 10 or less, not 11"),
    "a timeout of days": ({"timeout": 86401}, "must be 86400 or less, not 86401"),
    "a read that deletes": ({"class": "read", "method": "DELETE"}, "DELETE changes something: write class: write"),
    "a read that replaces": ({"class": "read", "method": "PUT"}, "PUT changes something: write class: write"),
    "a read that creates a record": (
        {"class": "read", "resource": {"name": "thing", "action": "create"}},
        "is a read, but the sandbox is to create a record",
    ),
    "pages of a write": ({"pagination": "pages"}, "reading page after page repeats the call"),
}


@pytest.mark.parametrize("case", REPEATS)
def test_a_repeat_that_does_harm_is_a_problem(case, spec):
    changes, message = REPEATS[case]
    spec.api["pagination"] = {"pages": {"items": "", "page": "page"}}
    spec.tool("odd", **changes)
    assert told(spec, message), spec.problems()


@pytest.mark.parametrize(
    "changes",
    [
        {"effects": ["dial"], "retry": {"lost_answer": True}, "idempotency": FIELD, "parameters": KEY},
        {"retry": {"lost_answer": True, "attempts": 10}},
        {"effects": ["destroy"], "retry": {"lost_answer": False, "attempts": 3}},
        {"class": "read", "retry": {"attempts": 1}},
        {"timeout": 86400},
    ],
)
def test_a_repeat_that_does_no_harm_is_allowed(changes, spec):
    spec.tool("even", **changes)
    assert spec.problems() == []


KEYS = {
    "a key that is a number": (
        {"idempotency": FIELD, "parameters": {"key": {"in": "body", "schema": {"type": "integer"}}}},
        '"key" is a key of idempotency, so it is a string',
    ),
    "a key that is forgotten before an attempt ends": (
        {"idempotency": FIELD | {"life": 60}, "timeout": 60, "parameters": KEY},
        "the key is forgotten after 60 s, before one attempt ends (timeout: 60)",
    ),
    "a life in milliseconds": (
        {"idempotency": FIELD | {"life": 86_400_000}, "parameters": KEY},
        "must be 2592000 or less",
    ),
    "no life at all": ({"idempotency": FIELD | {"life": 0}, "parameters": KEY}, "must be more than 0"),
    "the host as the key's header": (
        {"idempotency": {"in": "header", "name": "Host"}},
        '"Host" belongs to the runtime',
    ),
    "a header's end": ({"idempotency": {"in": "header", "name": "A\r\nB"}}, "is no header's name"),
    "the API key's header": ({"idempotency": {"in": "header", "name": "x-api-KEY"}}, "carries the API key"),
    "a second query": ({"idempotency": {"in": "query", "name": "a&b"}}, "is no name of a query parameter"),
}


@pytest.mark.parametrize("case", KEYS)
def test_a_key_of_idempotency_that_cannot_protect_is_a_problem(case, spec):
    changes, message = KEYS[case]
    spec.tool("odd", **changes)
    assert told(spec, message), spec.problems()


def test_the_life_of_a_key_stands_in_the_registry(spec):
    spec.tool("even", idempotency=FIELD | {"life": 3600}, parameters=KEY)
    spec.tool("short", idempotency="key", parameters=KEY)
    tools = spec.registry().tools
    assert [tools[name].idempotency.life for name in ("even", "short")] == [3600, None]


def test_an_effect_behind_a_key_of_unknown_life_is_worth_a_warning(spec):
    spec.tool("ring", effects=["spend"], idempotency="key", parameters=KEY)
    assert [text for text in spec.warnings() if "says no life of its key" in text]


@pytest.mark.parametrize(
    "name",
    [
        "Host",
        "content-LENGTH",
        "Cookie",
        "Transfer-Encoding",
        "Connection",
        "Proxy-Authorization",
        "TE",
        "Upgrade",
        "X-HTTP-Method-Override",
        "X-Forwarded-Host",
        "X-Original-URL",
        "Forwarded",
        "X-API-Key",
        "x-api-key",
        "a b",
        "a:b",
        "a\r\nb",
        "ä",
        "a\x00",
        ":path",
    ],
)
def test_a_header_that_sends_a_request_elsewhere_or_names_the_key_is_a_problem(name, spec):
    spec.tool("odd", **header(name))
    assert told(spec, "odd: the header parameter "), spec.problems()


def test_a_header_of_its_own_is_allowed(spec):
    spec.tool("even", **header("X-Request-Id"))
    assert spec.problems() == []


def test_headers_that_differ_in_case_only_are_one_header(spec):
    spec.tool("odd", parameters={n: {"in": "header", "wire": n, "schema": STRING} for n in ("x-trace", "X-Trace")})
    assert told(spec, 'are both "X-Trace" in the header')


def test_the_key_in_the_query_is_set_by_no_argument(spec):
    spec.api["auth"] = {"in": "query", "name": "token"}
    spec.tool("odd", parameters={"token": {"in": "query", "schema": STRING}})
    assert told(spec, '"token" carries the API key')


@pytest.mark.parametrize(
    ("auth", "message"),
    [
        ({"in": "header", "name": "Host"}, '"Host" belongs to the runtime'),
        ({"in": "header", "name": "content-length"}, "belongs to the runtime"),
        ({"in": "header", "name": "Cookie"}, "belongs to the runtime"),
        ({"in": "header", "name": "X-Forwarded-Host"}, "lets a request be another one than it seems"),
        ({"in": "header", "name": "X-Key\r\nX-Other"}, "is no header's name"),
        ({"in": "header", "name": "Schl\u00fcssel"}, "is no header's name"),
        ({"in": "header", "name": "X Key"}, "is no header's name"),
        ({"in": "query", "name": "key&admin=1"}, "is no name of a query parameter"),
        (
            {"in": "header", "name": "Authorization", "prefix": "Bearer\r\nX: "},
            "holds characters that no header may hold",
        ),
        ({"in": "header", "name": "Authorization", "prefix": "Schl\u00fcssel "}, "holds characters that no header"),
        ({"in": "header", "name": "Authorization", "prefix": "\tBearer "}, "holds characters that no header"),
    ],
)
def test_a_key_that_goes_into_a_wrong_place_is_a_problem(auth, message, spec):
    spec.api["auth"] = auth
    assert told(spec, message), spec.problems()


@pytest.mark.parametrize("name", ["Authorization", "authorization", "X-Auth_Token"])
def test_the_usual_places_of_a_key_are_allowed(name, spec):
    spec.api["auth"] = {"in": "header", "name": name, "prefix": "Bearer "}
    assert spec.problems() == []


@pytest.mark.parametrize(
    "url",
    [
        "http://small.example",
        "http://10.0.0.1/v1",
        "http://localhost.small.example",
        "https://user:secret@small.example",
        "https://user@small.example",
        "https://small.example/a/../b",
        "https://small.example/%2e%2e/b",
        "https://small.example\\@other.example",
        "https://sm\u00e4ll.example",
        "https://small.example:99999",
        "https://[::1",
        "https://",
        "https:///path",
        "ftp://small.example",
        "https://small.example/a b",
        "https://small.example?key=1",
    ],
)
def test_a_base_url_that_sends_the_key_elsewhere_or_readably_is_a_problem(url, spec):
    spec.api["server"] = {"base_url": url}
    assert told(spec, "api.yaml:"), spec.problems()


@pytest.mark.parametrize(
    "url", ["https://small.example/v1/", "http://localhost:8000", "http://127.0.0.1:1/x", "http://[::1]:9"]
)
def test_a_base_url_over_tls_or_on_this_machine_is_allowed(url, spec):
    spec.api["server"] = {"base_url": url}
    assert spec.problems() == []


@pytest.mark.parametrize(
    ("server", "message"),
    [
        (
            {"base_url": "https://small.example/api/v1", "strip": ["/v2", "/v1"]},
            "calls would go to https://small.example/api",
        ),
        ({"base_url": "https://small.example", "strip": ["v1"]}, 'the ending "v1" must start with /'),
        ({"base_url": "https://small.example", "strip": ["/../x"]}, "must not hold dot segments"),
    ],
)
def test_an_ending_that_changes_where_calls_go_is_a_problem(server, message, spec):
    spec.api["server"] = server
    assert told(spec, message), spec.problems()


@pytest.mark.parametrize(
    "path", ["/a/../b", "/a/%2e%2e/b", "//other.example/x", "/a\\b", "/a/%zz", "/sch\u00f6n", "/./x", "/{id}/../{id2}"]
)
def test_a_path_that_leads_elsewhere_is_a_problem(path, spec):
    parameters = {
        name: {"in": "path", "required": True, "schema": STRING} for name in ("id", "id2") if f"{{{name}}}" in path
    }
    spec.tool("odd", path=path, parameters=parameters)
    assert told(spec, "odd: the path "), spec.problems()


@pytest.fixture
def made(spec):
    """A tool composed of one step that makes a thing, which a second tool drops."""
    spec.tool("make", returns={"schema": {"$ref": "Thing"}})
    spec.tool("drop", effects=["destroy"], parameters={"thing_id": BODY | {"required": True}})
    spec.tool("ring_thing", effects=["dial"], parameters={"thing_id": BODY | {"required": True}})
    spec.step = {"id": "made", "tool": "make", "undo": {"tool": "drop", "with": {"thing_id": "$made.thing_id"}}}
    spec.tool("composed", parameters={"thing_id": BODY}, steps={"before": [spec.step]})
    return spec


def test_an_undo_of_what_the_step_made_is_allowed(made):
    assert made.problems() == []


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"undo": {"tool": "drop", "with": {"thing_id": "$thing_id"}}}, "name it with $made.FIELD"),
        ({"undo": {"tool": "drop", "with": {"thing_id": "thing_1"}}}, "undo may only take back what the step made"),
        ({"undo": {"tool": "get_thing", "with": {"thing_id": "$made.thing_id"}}}, "is a read, which undoes nothing"),
        ({"undo": {"tool": "ring_thing", "with": {"thing_id": "$made.thing_id"}}}, "an undo may not dial"),
        ({"tool": "get_thing", "with": {"thing_id": "x"}}, "is a read, which leaves nothing to undo"),
        ({"optional": True}, "an optional step hides that it may have happened: leave optional out"),
    ],
)
def test_a_step_that_hides_or_undoes_something_else_is_a_problem(changes, message, made):
    made.step |= changes
    assert told(made, message), made.problems()


@pytest.mark.parametrize("secret", [True, False])
def test_a_secret_argument_may_not_stand_in_the_recipe_that_errors_show(secret, made):
    made.tool("find", **{"class": "read"}, parameters={"pin": {"in": "query", "schema": STRING, "secret": True}})
    reconcile = {"tool": "find", "with": {"pin": "$pin"}, "note": "It is there."}
    made.tool("odd", parameters={"pin": BODY | {"secret": secret}}, reconcile=reconcile)
    assert told(made, '"pin" is secret, and "pin" of find would show it') is secret


@pytest.mark.parametrize("secret", [True, False])
def test_a_secret_argument_goes_to_steps_that_keep_it_secret_only(secret, made):
    made.tool("open", parameters={"code": BODY | {"secret": not secret}})
    step = {"id": "opened", "tool": "open", "with": {"code": "$pin"}}
    made.tool("odd", parameters={"pin": {"in": "steps", "schema": STRING, "secret": True}}, steps={"before": [step]})
    assert told(made, '"pin" is secret, and "code" of open would show it') is secret


@pytest.mark.parametrize("numbers", [["$to"], ["$tasks.*.to"], ["$to", "$tasks.0.to"]])
def test_the_numbers_that_a_tool_makes_ring_are_arguments(numbers, spec):
    spec.tool("ring", **DIAL, numbers=numbers)
    assert spec.problems() == []
    assert spec.registry().tools["ring"].numbers == tuple(numbers)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"numbers": ["$too"]}, 'there is no argument "too"; did you mean "to"?'),
        ({"numbers": ["$tasks.*.too"]}, '"tasks" has nothing at "*.too"; did you mean "to"?'),
        ({"numbers": ["$tasks.*.at"]}, '"tasks.*.at" is no text, so it is no phone number'),
        ({"numbers": ["+14155550100"]}, "does not match"),
        ({"numbers": []}, "must have 1 items or more"),
        ({"numbers": ["$to"], "effects": ["spend"]}, "add the effect dial, or leave numbers out"),
    ],
)
def test_numbers_that_name_no_phone_are_a_problem(changes, message, spec):
    spec.tool("ring", **DIAL | changes)
    assert told(spec, message), spec.problems()


def test_a_dial_without_numbers_is_worth_a_warning(spec):
    spec.tool("ring", **DIAL)
    assert [text for text in spec.warnings() if "limits on numbers cannot hold for it" in text]


def test_a_replacement_that_leads_back_is_a_problem(spec):
    for name, other in (("a", "b"), ("b", "c"), ("c", "a")):
        spec.tool(name, deprecated=True, replaced_by=other)
    assert told(spec, "a: replaced_by leads back: a to b to c to a"), spec.problems()


@pytest.mark.parametrize(
    "change",
    [
        {"waiters": {"done": {"timeout": 86401, "interval": 1}}},
        {"waiters": {"done": {"timeout": 60, "interval": 86401}}},
    ],
)
def test_a_wait_of_days_is_a_problem(change, spec):
    waiter = {"tool": "get_thing", "summary": "Wait.", "until": [{"field": "thing_id", "present": True}]}
    spec.api["waiters"] = {name: waiter | times for name, times in change["waiters"].items()}
    assert told(spec, "must be 86400 or less, not 86401"), spec.problems()
