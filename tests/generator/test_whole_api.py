"""The whole API, against the facts of upstream documents: nothing lacks, nothing is made up, nothing gets lost.

`upstream_facts/` holds what each document says about names, places, types, requirements and values, without prose:
`toolgen facts DOCUMENT` writes such a file. The spec is held against the newest. A tool whose operation the newest does
not have yet is an addition: no file and no test is edited for it.
"""

import json
from pathlib import Path

import pytest

from tool_generator.changes.drift import drift, shared_names
from tool_generator.changes.exchanges import is_own
from tool_generator.changes.parity import parity
from tool_generator.emit.pretty import pretty
from tool_generator.generate import compile_spec
from tool_generator.maintain.facts import facts_of
from tool_generator.upstream import read_upstream
from tool_generator.upstream.importer import import_upstream, write

from .conftest import REPOSITORY

FACTS = REPOSITORY / "tests" / "upstream_facts"
DOCUMENTS = sorted(FACTS.glob("openapi-*.json"))
SPEC = REPOSITORY / "spec" / "retell_ai"
OWN = REPOSITORY / "generated" / "retell_ai" / "openapi.json"


@pytest.fixture(scope="module")
def registry():
    return compile_spec(SPEC).registry


@pytest.fixture(scope="module")
def newest():
    return read_upstream(DOCUMENTS[-1])


def verdicts(found):
    return {judgement.name: judgement.verdict for judgement in found.judgements}


def imported(document: Path, folder: Path):
    outcome = import_upstream(read_upstream(document), folder)
    assert outcome.problems == ()
    write(outcome, folder)
    return compile_spec(folder).registry


def test_every_fact_of_the_newest_document_is_in_the_registry_and_none_that_it_lacks(registry, newest):
    report = parity(registry, newest, shared_names(SPEC, registry))

    print(report.counts)  # noqa: T201 - `pytest -s` shows how much was compared
    # A tool without an operation is new, or its path is wrong; then the operation is among the missing ones.
    assert [item for item in report.differences if item.kind != "gone"] == []
    assert report.counts["operations"] == len(newest.operations)
    assert report.counts["fields"] > 100 * len(newest.operations)


def test_no_tool_has_drifted_from_the_newest_document_though_the_spec_asks_callers_for_more(registry, newest):
    found = verdicts(drift(registry, newest, shared_names(SPEC, registry)))
    # A tool without an operation is new.
    assert {name: verdict for name, verdict in found.items() if verdict not in {"same", "gone"}} == {}


def test_april_breaks_tools_of_today_and_the_verdicts_say_which(registry):
    found = drift(registry, read_upstream(FACTS / "openapi-2026-04.json"), shared_names(SPEC, registry))

    known = verdicts(found)
    assert found.breaks
    assert {name for name in ("stop_call", "get_api_key_info", "create_contact") if known[name] == "gone"} == {
        "stop_call",
        "get_api_key_info",
        "create_contact",
    }
    assert {known[name] for name in ("list_calls", "list_agents", "list_llms", "create_web_call")} == {"breaking"}


def test_the_newest_document_onto_the_spec_changes_nothing(newest):
    assert import_upstream(newest, SPEC).files == {}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.stem)
def test_the_facts_of_facts_are_the_facts(document):
    text = document.read_text("utf-8")
    assert pretty(facts_of(json.loads(text))) == text


@pytest.mark.parametrize("facts", DOCUMENTS, ids=lambda path: path.stem)
def test_a_document_imported_into_an_empty_folder_keeps_every_fact(facts, tmp_path):
    fresh = imported(facts, tmp_path / "spec")

    document, names = read_upstream(facts), shared_names(tmp_path / "spec", fresh)
    assert parity(fresh, document, names).differences == ()
    assert set(verdicts(drift(fresh, document, names)).values()) == {"same"}


def test_our_own_document_imported_into_an_empty_folder_gives_the_same_wire_facts_back(registry, tmp_path):
    fresh = imported(OWN, tmp_path / "spec")

    own = read_upstream(OWN)
    assert parity(fresh, own, shared_names(tmp_path / "spec", fresh)).differences == ()
    assert parity(registry, own, shared_names(SPEC, registry)).differences == ()
    found = verdicts(drift(fresh, own, shared_names(tmp_path / "spec", fresh)))
    assert set(found.values()) == {"same"}
    # Two tools may have one operation, which a fresh import knows once.
    assert len(found) == len({(tool.method, tool.path) for tool in registry.tools.values() if not is_own(tool)})


def test_an_array_whose_name_has_brackets_is_imported_and_has_not_drifted(tmp_path):
    parameter = {"name": "tags[]", "in": "query", "schema": {"type": "array", "items": {"type": "string"}}}
    operation = {"operationId": "findPets", "parameters": [parameter], "responses": {"204": {"description": ""}}}
    document = tmp_path / "pets.json"
    paths = {"/pets": {"get": operation}}
    document.write_text(json.dumps({"openapi": "3.0.3", "info": {"title": "Pets", "version": "1"}, "paths": paths}))

    fresh = imported(document, tmp_path / "spec")

    assert fresh.tools["find_pets"].parameters["tags"].style == "brackets"
    assert verdicts(drift(fresh, read_upstream(document), {})) == {"find_pets": "same"}
