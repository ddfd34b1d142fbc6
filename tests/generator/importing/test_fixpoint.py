"""For any document: importing leaves no difference, a second import changes nothing, and facts come back."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tool_generator.compare.drift import drift, shared_names
from tool_generator.compare.parity import parity
from tool_generator.importing.importer import import_upstream, write
from tool_generator.importing.importer import state_of as read_state
from tool_generator.openapi import parse_upstream

NAMES = ("Alpha", "Beta", "Gamma")
FIELDS = ("id", "kind", "name", "size", "tags")
MEDIA = (
    "application/json",
    "application/merge-patch+json",
    "application/x-www-form-urlencoded",
    "multipart/form-data",
    "text/plain",
    "image/png",
    "*/*",
)


def ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def marked(schema: dict[str, Any], marks: dict[str, bool]) -> dict[str, Any]:
    return {**schema, **{name: True for name, is_set in marks.items() if is_set}}


scalars = st.one_of(
    st.sampled_from(
        [
            {},
            {"type": "string"},
            {"type": "string", "minLength": 1, "maxLength": 9},
            {"type": "string", "enum": ["a", "b"]},
            {"type": "string", "enum": ["b", "c"], "nullable": True},
            {"type": "integer", "minimum": 0, "exclusiveMinimum": True},
            {"type": "number", "nullable": True},
            {"type": "boolean", "default": False},
            {"type": "string", "format": "binary"},
            {"type": "object"},
            {"type": "array", "items": {"type": "string"}},
            {"type": "object", "additionalProperties": {"type": "integer"}},
        ]
    ),
    st.sampled_from(NAMES).map(ref),
)


def objects(inner: Any) -> Any:
    flags = st.fixed_dictionaries({"readOnly": st.booleans(), "writeOnly": st.booleans(), "deprecated": st.booleans()})
    fields = st.dictionaries(st.sampled_from(FIELDS), st.builds(marked, inner, flags), max_size=4)
    return st.builds(
        lambda properties, required, more: (
            {"type": "object", "properties": properties, "required": required, **more}
            if required
            else {"type": "object", "properties": properties, **more}
        ),
        fields,
        st.lists(st.sampled_from(FIELDS), max_size=2, unique=True),
        st.sampled_from([{}, {}, {"additionalProperties": False}, {"additionalProperties": True}, {"nullable": True}]),
    )


def unions(inner: Any) -> Any:
    keyword = st.sampled_from(["oneOf", "anyOf", "allOf"])
    return st.builds(lambda key, items: {key: items}, keyword, st.lists(inner, min_size=1, max_size=3))


schemas = st.recursive(
    scalars,
    lambda inner: st.one_of(objects(inner), unions(inner), inner.map(lambda item: {"type": "array", "items": item})),
    max_leaves=7,
)
STYLES = {
    "query": ["form", "spaceDelimited", "pipeDelimited", "deepObject"],
    "header": ["simple"],
    "cookie": ["form"],
    "path": ["simple", "label", "matrix"],
}


@st.composite
def parameters(draw: Any) -> list[dict[str, Any]]:
    found = []
    for name in draw(st.lists(st.sampled_from(["p", "X-Tag", "q[]", "r"]), unique=True, max_size=3)):
        place = draw(st.sampled_from(["query", "header", "cookie"])) if "[" not in name else "query"
        schema = draw(schemas)
        style = {"style": draw(st.sampled_from(STYLES[place])), "explode": draw(st.booleans())}
        words = draw(
            st.sampled_from([{"schema": schema, **style}, {"content": {"application/json": {"schema": schema}}}])
        )
        found.append({"name": name, "in": place, "required": draw(st.booleans()), **words})
    style = {"style": draw(st.sampled_from(STYLES["path"])), "explode": draw(st.booleans())}
    array = {"type": "array", "items": {"type": "string"}}
    schema = draw(st.sampled_from([{"type": "string"}, {"type": "integer"}, array]))
    found.append({"name": "item-id", "in": "path", "required": True, "schema": schema, **style})
    return found


@st.composite
def operations(draw: Any) -> dict[str, Any]:
    operation: dict[str, Any] = {"parameters": draw(parameters())}
    if draw(st.booleans()):
        types = draw(st.lists(st.sampled_from(MEDIA), min_size=1, max_size=2, unique=True))
        content = {name: {"schema": draw(st.one_of(objects(schemas), schemas))} for name in types}
        operation["requestBody"] = {"required": draw(st.booleans()), "content": content}
    types = draw(
        st.sampled_from([[], ["application/json"], ["text/csv"], ["audio/mpeg"], ["application/json", "text/plain"]])
    )
    status = draw(st.sampled_from(["200", "201", "204", "2XX", "302", "default"]))
    reply = {"description": "", **({"content": {name: {"schema": draw(schemas)} for name in types}} if types else {})}
    operation["responses"] = {status: reply}
    security = draw(st.sampled_from([None, None, [], [{"key": []}], [{"key": [], "login": []}], [{"login": []}, {}]]))
    if security is not None:
        operation["security"] = security
    if draw(st.integers(0, 9)) == 0:
        operation["servers"] = [{"url": "https://other.example/v2"}]
    return operation


@st.composite
def documents(draw: Any) -> dict[str, Any]:
    paths: dict[str, Any] = {}
    for index, path in enumerate(
        draw(st.lists(st.sampled_from(["/a/{item-id}", "/b/{item-id}"]), min_size=1, unique=True))
    ):
        for method in draw(st.lists(st.sampled_from(["get", "post", "put"]), min_size=1, max_size=2, unique=True)):
            operation = draw(operations())
            if draw(st.booleans()):
                operation["operationId"] = f"{method}Thing{index}"
            paths.setdefault(path, {})[method] = operation
    return {
        "openapi": "3.0.3",
        "info": {"title": "Any", "version": "1"},
        "servers": [{"url": "https://any.example"}],
        "security": [{"key": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "key": {"type": "http", "scheme": "bearer"},
                "login": {"type": "apiKey", "in": "header", "name": "X-Login"},
            },
            "schemas": {name: draw(st.one_of(objects(schemas), schemas)) for name in NAMES},
        },
    }


def settled(document: dict[str, Any], folder: Path) -> dict[str, str]:
    """Import a document; comparing must find nothing but what is gone, and a second import must change nothing."""
    upstream = parse_upstream(json.dumps(document).encode())
    write(import_upstream(upstream, folder), folder)
    again = import_upstream(upstream, folder)
    assert again.files == {}, [str(line) for line in again.report.lines]
    state = read_state(folder)
    shared = shared_names(folder, state)
    found = drift(state, upstream, shared)
    differing = {item.name: item.changes for item in found.judgements if item.verdict not in ("same", "gone")}
    assert differing == {}, differing
    told = parity(state, upstream, shared).differences
    told = tuple(item for item in told if item.kind != "gone")
    assert told == (), told
    return {item.name: item.verdict for item in found.judgements}


TRIES = settings(max_examples=12, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


@given(documents())
@TRIES
def test_an_import_leaves_no_difference_and_a_second_one_changes_nothing(document):
    with tempfile.TemporaryDirectory() as name:
        assert set(settled(document, Path(name) / "spec").values()) <= {"same"}


@given(documents(), documents())
@TRIES
def test_another_document_in_between_leaves_every_fact_as_the_first_one_has_it(document, other):
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "spec"
        before = settled(document, folder)
        settled(other, folder)
        after = settled(document, folder)
        assert {tool: verdict for tool, verdict in after.items() if tool in before} == before
