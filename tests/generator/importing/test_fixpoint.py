"""For any document: importing leaves no difference, a second import changes nothing, and facts come back."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from openapi_documents import documents, ref, tagged

from tool_generator.compare.drift import drift, shared_names
from tool_generator.compare.parity import parity
from tool_generator.importing.importer import import_upstream, write
from tool_generator.importing.importer import state_of as read_state
from tool_generator.openapi import parse_upstream


def document(operation: dict[str, Any], **schemas: Any) -> dict[str, Any]:
    """Make a document of one operation."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "Any", "version": "1"},
        "servers": [{"url": "https://any.example"}],
        "paths": {"/a": {"post": operation}},
        "components": {"schemas": schemas},
    }


def sends(schema: Any, media_type: str = "application/json", **more: Any) -> dict[str, Any]:
    return {"requestBody": {"content": {media_type: {"schema": schema, **more}}}}


def answers(schema: Any) -> dict[str, Any]:
    return {"responses": {"200": {"description": "", "content": {"application/json": {"schema": schema}}}}}


# What drawn documents were shrunk to, each once a fault.
FORM, PARTS = "application/x-www-form-urlencoded", "multipart/form-data"
EXAMPLES = {
    "tags that no object requires": document(
        sends(tagged(["Alpha", "Gamma"], is_mapped=False)) | answers(ref("Gamma")),
        Alpha={"properties": {}},
        Gamma={"properties": {}, "required": ["tags"]},
    ),
    "a rule over fields without schemas": document(sends({"anyOf": [{"required": ["kind"]}, {"required": ["id"]}]})),
    "further keys and nothing else": document(answers({"additionalProperties": True})),
    "further keys that may be anything": document(answers({"additionalProperties": {"oneOf": [{}]}})),
    "a list of itself among files": document(
        sends({"properties": {"items": ref("Beta")}}, PARTS), Beta={"items": ref("Beta")}
    ),
    "a field that two parts require and none describes": document(
        sends({"properties": {"p": {"allOf": [tagged(["Gamma"], is_mapped=False), ref("Alpha")]}}}),
        Alpha={"properties": {}, "required": ["name"]},
        Gamma={"properties": {}, "required": ["name"]},
    ),
    "a list that only multipart has": document(
        {
            "requestBody": {
                "content": {
                    FORM: {"schema": {"required": ["kind"]}},
                    PARTS: {"schema": {"properties": {"tags": {"items": {}}}}, "encoding": {"tags": {}}},
                }
            }
        }
    ),
}


def settled(document: dict[str, Any], folder: Path) -> dict[str, str]:
    """Import a document; comparing must find nothing but what is gone, and a second import must change nothing."""
    upstream = parse_upstream(json.dumps(document).encode())
    outcome = import_upstream(upstream, folder)
    if any("no tool could be made" in problem.message for problem in outcome.problems):
        return {}
    assert not outcome.problems
    write(outcome, folder)
    again = import_upstream(upstream, folder)
    assert again.files == {}, [str(line) for line in again.report.lines]
    state = read_state(folder)
    shared = shared_names(folder, state)
    found = drift(state, upstream, shared)
    assert found.api == ()
    differing = {item.name: item.changes for item in found.judgements if item.verdict not in ("same", "gone")}
    assert differing == {}, differing
    told = parity(state, upstream, shared).differences
    told = tuple(item for item in told if item.kind != "gone")
    assert told == (), told
    return {item.name: item.verdict for item in found.judgements}


TRIES = settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
FEWER = settings(TRIES, max_examples=12)
LIST = {"name": "q[]", "in": "query", "schema": {"enum": ["c"]}}
PAIRS = {
    "a text, and then nothing but null": (document(answers({"type": "string"})), answers({"type": "null"})),
    "fields, and then a body without a schema": (document(sends({"properties": {"a": {}}})), sends({})),
    "a value, and then a style without a schema": (
        document({"parameters": [LIST]}),
        {"parameters": [{"name": "q[]", "in": "query", "explode": False}]},
    ),
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_what_was_a_fault_once_leaves_no_difference(name, tmp_path):
    assert set(settled(EXAMPLES[name], tmp_path / "spec").values()) == {"same"}


@given(documents())
@TRIES
def test_an_import_leaves_no_difference_and_a_second_one_changes_nothing(document):
    with tempfile.TemporaryDirectory() as name:
        assert set(settled(document, Path(name) / "spec").values()) <= {"same"}


def comes_back(document: dict[str, Any], other: dict[str, Any], folder: Path) -> None:
    before = settled(document, folder)
    settled(other, folder)
    after = settled(document, folder)
    assert {tool: verdict for tool, verdict in after.items() if tool in before} == before


@pytest.mark.parametrize("name", PAIRS)
def test_facts_that_another_document_changed_come_back(name, tmp_path):
    first, operation = PAIRS[name]
    comes_back(first, document(operation), tmp_path / "spec")


@given(documents(), documents())
@FEWER
def test_another_document_in_between_leaves_every_fact_as_the_first_one_has_it(document, other):
    with tempfile.TemporaryDirectory() as name:
        comes_back(document, other, Path(name) / "spec")
