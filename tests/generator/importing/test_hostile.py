"""Whatever a document holds, an import ends in a sound spec or in problems."""

from __future__ import annotations

import copy
import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from upstream_documents import REGIONS, SHOP, ZOO

from tool_generator.generate import compile_spec
from tool_generator.importing.importer import import_upstream, write
from tool_generator.model.documents import UpstreamUnreadable
from tool_generator.openapi.operations import parse_upstream

_JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 10**20),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=12),
    st.sampled_from(
        [
            "#",
            "#/components/schemas/Cat",
            "#/paths",
            "string",
            "{x}",
            "/a{b",
            "self",
            "request_options",
            "class",
            "../x",
            "(",
            "$ref",
        ]
    ),
    st.lists(st.integers(0, 3), max_size=3),
    st.dictionaries(
        st.sampled_from(["type", "$ref", "enum", "allOf", "properties", "x", "required", "items"]),
        st.text(max_size=4),
        max_size=3,
    ),
)
_KEYS = st.sampled_from(
    [
        "type", "$ref", "allOf", "oneOf", "enum", "required", "nullable", "properties", "items", "schema", "in", "name",
        "discriminator", "minimum", "pattern", "additionalProperties", "operationId", "parameters", "content", "style",
        "default", "readOnly", "tags", "title",
    ]
)  # fmt: skip


def _places(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [at] if at else []
    if isinstance(value, dict):
        for key, item in value.items():
            found += _places(item, (*at, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            found += _places(item, (*at, index))
    return found


@st.composite
def broken(draw: st.DrawFn) -> Any:
    data = copy.deepcopy(draw(st.sampled_from([SHOP, ZOO, REGIONS])))
    for _ in range(draw(st.integers(1, 6))):
        places = _places(data)
        if not places:
            break
        *parents, last = draw(st.sampled_from(places))
        holder = data
        for step in parents:
            holder = holder[step]
        how = draw(st.sampled_from(["replace", "remove", "add", "copy", "rename"]))
        if how == "remove":
            del holder[last]
        elif how == "add" and isinstance(holder[last], dict):
            holder[last][draw(_KEYS)] = draw(_JUNK)
        elif how == "copy":
            source: Any = data
            for step in draw(st.sampled_from(places)):
                try:
                    source = source[step]
                except (KeyError, IndexError, TypeError):
                    break
            holder[last] = copy.deepcopy(source)
        elif how == "rename" and isinstance(holder, dict):
            holder[draw(st.text(min_size=1, max_size=8))] = holder.pop(last)
        else:
            holder[last] = draw(_JUNK)
    return data


def _import(content: bytes) -> None:
    try:
        upstream = parse_upstream(content)
    except UpstreamUnreadable:
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        outcome = import_upstream(upstream, folder)
        if outcome.problems:
            assert not outcome.files
            return
        write(outcome, folder)
        assert not outcome.left
        compile_spec(folder)
        assert import_upstream(upstream, folder).files == {}


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(broken())
def test_a_damaged_document_ends_in_a_sound_spec_or_in_problems(data: Any) -> None:
    _import(json.dumps(data).encode())


def test_a_body_whose_alternatives_are_all_alike_becomes_arguments() -> None:
    data = copy.deepcopy(ZOO)
    data["components"]["schemas"]["Cat"] = {"$ref": "#/components/schemas/Dog"}
    _import(json.dumps(data).encode())


@settings(max_examples=100, deadline=None)
@given(
    st.one_of(
        st.binary(max_size=60),
        st.text(max_size=60).map(str.encode),
        _JUNK.map(lambda value: json.dumps(value).encode()),
    )
)
def test_bytes_that_are_no_document_end_in_problems(content: bytes) -> None:
    with pytest.raises(UpstreamUnreadable):
        parse_upstream(content)
