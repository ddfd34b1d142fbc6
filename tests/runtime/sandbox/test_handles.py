"""The sandbox in its user's hands: records, its own mistakes, and what its engine gives to any transport."""

import ast
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

import tool_runtime.sandbox
from tool_runtime.errors import ConfigurationError
from tool_runtime.sandbox import Failure, Incoming, NoAnswer, Sandbox

ROOT = Path(tool_runtime.sandbox.__file__).parent
KEY = {"x-api-key": "k"}


def imported(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module


def test_only_the_adapter_knows_httpx():
    knows = [path.name for path in ROOT.glob("*.py") if "httpx" in set(imported(path))]

    assert knows == ["httpx_transport.py"]


def test_the_engine_answers_plain_requests(document):
    engine = Sandbox(document).engine

    made = engine.answer(Incoming("POST", "/api/v1/books", headers=KEY, content=b'{"title": "T"}'))
    read = engine.answer(Incoming("GET", "/api/v1/books/book_000000000001", headers=KEY))

    assert (made.status, read.status) == (201, 200)
    assert made.content == read.content
    assert made.headers["content-type"].startswith("application/json")


@pytest.mark.parametrize("kind", ["refuse_connection", "lose_answer", "read_timeout"])
def test_the_engine_says_that_no_answer_comes(document, kind):
    engine = Sandbox(document, failures=[Failure(kind=kind)]).engine

    with pytest.raises(NoAnswer) as caught:
        engine.answer(Incoming("GET", "/api/v1/hours", headers=KEY))

    assert caught.value.kind == kind


def test_a_record_that_is_put_is_returned_as_a_copy(sandbox):
    record = {"book_id": "book_7", "title": "The Lake"}

    kept = sandbox.put("book", record)
    kept["title"] = record["title"] = "changed"

    assert sandbox.records("book")[0]["title"] == "The Lake"


@pytest.mark.parametrize("name", [None, 5, [], "xyzzy"], ids=str)
def test_an_unknown_resource_that_is_near_nothing_is_answered_with_all(sandbox, name):
    with pytest.raises(ConfigurationError) as caught:
        sandbox.records(name)

    assert "book" in caught.value.hint


@pytest.mark.parametrize("call", [lambda box: box.records("boook"), lambda box: box.put("boook", {"book_id": "b"})])
def test_an_unknown_resource_is_answered_with_the_nearest(sandbox, call):
    with pytest.raises(ConfigurationError) as caught:
        call(sandbox)

    assert caught.value.hint == "Did you mean book?"


@pytest.mark.parametrize("record", [{}, {"book_id": ""}, {"book_id": None}, {"book_id": True}, {"book_id": ["b"]}])
def test_a_record_without_its_id_is_refused(sandbox, record):
    with pytest.raises(ConfigurationError, match="book_id"):
        sandbox.put("book", {"title": "The Lake", **record})


@pytest.mark.parametrize(
    "record",
    [None, "book_7", ["book_7"], {"book_id": "b", 5: 1}, {"book_id": "b", "title": object()}, {"title": float("inf")}],
)
def test_a_record_that_is_no_json_object_is_refused(sandbox, record):
    with pytest.raises(ConfigurationError, match="record"):
        sandbox.put("book", record)

    assert sandbox.records("book") == []


def test_a_record_may_have_a_field_that_resembles_none(sandbox):
    assert sandbox.put("book", {"book_id": "book_7", "xyzzy": 1})["xyzzy"] == 1


def test_a_record_with_a_misspelt_field_is_refused(sandbox):
    with pytest.raises(ConfigurationError) as caught:
        sandbox.put("book", {"book_id": "book_7", "titel": "The Lake"})

    assert caught.value.hint == "Did you mean title?"
    assert sandbox.records("book") == []


@pytest.mark.parametrize(
    "settings",
    [
        {"api_keys": "key_1"},
        {"api_keys": b"key_1"},
        {"api_keys": 5},
        {"api_keys": {""}},
        {"api_keys": [5]},
        {"start": "2026-01-01"},
        {"start": None},
        {"latency": -1},
        {"latency": float("nan")},
        {"latency": 10**400},
        {"latency": True},
        {"latency": "1"},
        {"examples": "no"},
        {"registry": "library"},
    ],
    ids=str,
)
def test_settings_that_make_no_sense_are_refused(document, settings):
    with pytest.raises(ConfigurationError):
        Sandbox(**{"registry": document, **settings})


def test_a_refused_key_is_not_shown(document):
    with pytest.raises(ConfigurationError) as caught:
        Sandbox(document, api_keys="key_canary")

    assert "key_canary" not in str(caught.value)


def test_keys_that_are_added_later_are_not_let_in(document):
    keys = {"key_1"}
    engine = Sandbox(document, api_keys=keys).engine
    keys.add("k")

    assert engine.answer(Incoming("GET", "/api/v1/hours", headers=KEY)).status == 401


def test_a_sandbox_without_a_registry_says_so():
    with pytest.raises(ConfigurationError, match="registry"):
        Sandbox()


def test_the_clock_begins_where_it_is_told_and_stands_still(document):
    sandbox = Sandbox(document, start=datetime(2030, 5, 5, tzinfo=UTC))

    assert sandbox.clock.iso() == sandbox.clock.iso() == "2030-05-05T00:00:00Z"
    sandbox.clock.sleep(3600)
    assert sandbox.clock.iso() == "2030-05-05T01:00:00Z"


@pytest.mark.parametrize(
    "seconds", ["1", None, float("nan"), float("inf"), True, 1e300, 10**400], ids=lambda one: f"{one!r:.10}"
)
def test_a_sleep_that_leads_to_no_date_is_refused_and_moves_nothing(sandbox, seconds):
    before = sandbox.clock.iso()

    with pytest.raises(ConfigurationError):
        sandbox.clock.sleep(seconds)

    assert sandbox.clock.iso() == before


def test_the_package_gives_a_sandbox_of_its_own_api_without_loading_httpx():
    code = (
        "import sys; from retell_ai import Failure, Sandbox; box = Sandbox(failures=[Failure(kind='lose_answer')]); "
        "print(box.waiting_failures, box.registry.api.name, 'httpx' in sys.modules)"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)

    assert ended.stdout == "1 retell_ai False\n"


@pytest.mark.parametrize(
    ("record", "place"),
    [
        ({"book_id": "b", "year": "1999"}, "book.year"),
        ({"book_id": "b", "binding": "spiral"}, "book.binding"),
        ({"book_id": 7, "title": "T"}, "book.book_id"),
    ],
)
def test_a_record_whose_values_do_not_fit_the_type_is_refused(sandbox, record, place):
    with pytest.raises(ConfigurationError, match=place):
        sandbox.put("book", record)
    assert sandbox.records("book") == []


@pytest.mark.parametrize("address", ["nonsense", "ftp://x/", "http://", "", 7])
def test_an_address_for_webhooks_is_one_of_http(document, address):
    with pytest.raises(ConfigurationError, match="webhook_url is an address"):
        Sandbox(document, webhook_url=address)
