"""The whole API, against the facts of two upstream documents: nothing lacks, nothing is made up, nothing gets lost.

`upstream_facts/` holds what the documents of April and October 2026 say about names, places, types, requirements and
values, without their prose.
"""

import json
from pathlib import Path

import pytest

from tool_generator.compare.drift import drift, shared_names
from tool_generator.compare.parity import parity
from tool_generator.generate import compile_spec
from tool_generator.importing.importer import import_upstream, write
from tool_generator.openapi import read_upstream

from .conftest import REPOSITORY

FACTS = REPOSITORY / "tests" / "upstream_facts"
SPEC = REPOSITORY / "spec" / "retell_ai"
OWN = REPOSITORY / "generated" / "retell_ai" / "openapi.json"


@pytest.fixture(scope="module")
def registry():
    return compile_spec(SPEC).registry


@pytest.fixture(scope="module")
def october():
    return read_upstream(FACTS / "openapi-2026-10.json")


def verdicts(found):
    return {judgement.name: judgement.verdict for judgement in found.judgements}


def imported(document: Path, folder: Path):
    outcome = import_upstream(read_upstream(document), folder)
    assert outcome.problems == ()
    write(outcome, folder)
    return compile_spec(folder).registry


def test_every_fact_of_october_is_in_the_registry_and_none_that_it_lacks(registry, october):
    report = parity(registry, october, shared_names(SPEC, registry))

    print(report.counts)  # noqa: T201 - `pytest -s` shows how much was compared
    assert report.differences == ()
    assert report.counts["operations"] == len(october.operations) == 109
    assert report.counts["fields"] > 15_000


def test_no_tool_has_drifted_from_october_save_where_the_spec_asks_for_more(registry, october):
    found = drift(registry, october, shared_names(SPEC, registry))

    odd = {name: verdict for name, verdict in verdicts(found).items() if verdict != "same"}
    assert odd == {"create_phone_call": "additive"}


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


def test_october_onto_the_spec_changes_nothing(october):
    assert import_upstream(october, SPEC).files == {}


@pytest.mark.parametrize("name", ["openapi-2026-04.json", "openapi-2026-10.json"])
def test_a_document_imported_into_an_empty_folder_keeps_every_fact(name, tmp_path):
    fresh = imported(FACTS / name, tmp_path / "spec")

    document, names = read_upstream(FACTS / name), shared_names(tmp_path / "spec", fresh)
    assert parity(fresh, document, names).differences == ()
    assert set(verdicts(drift(fresh, document, names)).values()) == {"same"}


def test_our_own_document_imported_into_an_empty_folder_gives_the_same_wire_facts_back(registry, tmp_path):
    fresh = imported(OWN, tmp_path / "spec")

    own = read_upstream(OWN)
    assert parity(fresh, own, shared_names(tmp_path / "spec", fresh)).differences == ()
    assert parity(registry, own, shared_names(SPEC, registry)).differences == ()
    found = verdicts(drift(fresh, own, shared_names(tmp_path / "spec", fresh)))
    assert set(found.values()) == {"same"}
    assert len(found) == 109


def test_an_array_whose_name_has_brackets_is_imported_and_has_not_drifted(tmp_path):
    parameter = {"name": "tags[]", "in": "query", "schema": {"type": "array", "items": {"type": "string"}}}
    operation = {"operationId": "findPets", "parameters": [parameter], "responses": {"204": {"description": ""}}}
    document = tmp_path / "pets.json"
    paths = {"/pets": {"get": operation}}
    document.write_text(json.dumps({"openapi": "3.0.3", "info": {"title": "Pets", "version": "1"}, "paths": paths}))

    fresh = imported(document, tmp_path / "spec")

    assert fresh.tools["find_pets"].parameters["tags"].style == "brackets"
    assert verdicts(drift(fresh, read_upstream(document), {})) == {"find_pets": "same"}
