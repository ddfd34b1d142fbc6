"""`toolgen import`."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner
from upstream_documents import SHOP, document, operation

from tool_generator.cli import main


@pytest.fixture
def run(tmp_path):
    def call(data, *options):
        path = tmp_path / "upstream.json"
        path.write_text(data if isinstance(data, str) else json.dumps(data), encoding="utf-8")
        return CliRunner().invoke(main, ["import", str(path), "--spec", str(tmp_path / "spec"), *options])

    return call


def test_it_tells_what_it_did_and_a_second_time_that_there_was_nothing_to_do(run):
    first = run(SHOP)
    assert first.exit_code == 0, first.output
    assert "New tools (5):\n  list_order_items: GET /order-items, read, in order_items\n" in first.output
    assert "5 of 5 operations are tools" in first.output
    assert run(SHOP).output.endswith("5 tools, 2 types; 0 files changed\n")


def test_check_writes_nothing_and_fails_while_there_is_something_to_do(run, tmp_path):
    assert run(SHOP, "--check").exit_code == 1
    assert not (tmp_path / "spec").exists()
    run(SHOP)
    assert run(SHOP, "--check").exit_code == 0


def test_problems_are_told_and_nothing_is_written(run, tmp_path):
    result = run("nothing: here")
    assert result.exit_code == 1
    assert "is not an OpenAPI 3.0 or 3.1 document" in result.output
    assert "1 problem; nothing was written" in result.output
    assert not (tmp_path / "spec").exists()


def test_an_operation_that_cannot_be_a_tool_is_counted_and_strict_fails_by_it(run, tmp_path):
    odd = operation("odd", parameters=[{"name": "a&b", "in": "query", "required": True, "schema": {}}])
    data = document({"/a": {"get": operation("a")}, "/b": {"get": odd}})
    told = run(data)
    assert told.exit_code == 0
    assert "1 of 2 operations are tools" in told.output
    assert '"a&b" is no name of a query parameter' in told.output
    assert run(data, "--strict").exit_code == 1
    assert (tmp_path / "spec" / "api.yaml").exists()


def test_an_operation_that_cannot_be_read_is_counted_and_strict_fails_by_it(run):
    paths = {"/x": {"get": operation("x"), "options": operation("y")}, "/a b": {"get": operation("z")}}
    result = run(document(paths), "--strict")
    assert result.exit_code == 1
    assert "1 of 3 operations are tools" in result.output
    assert "OPTIONS /x: OPTIONS is no call of the API" in result.output
    assert "GET /a b: the path '/a b' has no leading slash, or has spaces" in result.output
