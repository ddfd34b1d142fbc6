"""Work grows with what a spec or a document says, and not with the number of ways through what is said.

Calls are counted, not seconds: the count is the same on every machine.
"""

from __future__ import annotations

import copy
import sys
from typing import TYPE_CHECKING, Any

import pytest
from upstream_documents import body, document, operation, read, ref, reply

from tool_generator.compare.difference import difference
from tool_generator.compare.drift import drift, shared_names
from tool_generator.compare.parity import parity
from tool_generator.emit.argument_schemas import tool_schemas
from tool_generator.emit.python.python_files import python_files
from tool_generator.generate import compile_spec, generated_files
from tool_generator.importing.importer import import_upstream, write
from tool_runtime.core.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def counted(run: Callable[[], Any]) -> int:
    """Count the calls of functions that `run` takes."""
    count = 0

    def add(_frame, event, _argument):
        nonlocal count
        count += event == "call"

    sys.setprofile(add)
    try:
        run()
    finally:
        sys.setprofile(None)
    return count


def work(spec, tools):
    """Count the calls that it takes to compile a spec of so many tools and types, and to render its modules."""
    for number in range(tools):
        properties = {"name": {"type": "string"}, "next": {"$ref": f"Thing{number}"}}
        spec.types["types"][f"Thing{number}"] = {"type": "object", "properties": properties}
        spec.tool(
            f"make_{number}",
            body={"$ref": f"Thing{number}"},
            returns={"status": 201, "schema": {"$ref": f"Thing{number}"}},
            examples=[{"title": "Make it", "arguments": {"next": {"name": "x"}}}],
        )
    folder = spec.write()

    def run():
        compiled = compile_spec(folder)
        python_files(compiled.registry, compiled.notice, compiled.origins)
        tool_schemas(compiled.registry, compiled.notice)

    return counted(run)


def test_twice_the_spec_is_twice_the_work(spec):
    work(spec, 5)  # what is made once, such as the compiled grammar, is no part of the count
    once = work(spec, 100)
    assert work(spec, 200) < 2.2 * once


def tower(levels: int, keyword: str) -> dict[str, Any]:
    """Make a document in which each schema is made of the next one, thrice: so many levels have 3^levels ways down."""
    schemas: dict[str, Any] = {}
    for level in range(levels):
        parts: list[Any] = [ref(f"Level{level + 1}")] * 3
        if keyword == "allOf":
            parts = [*parts, {"type": "object", "properties": {f"own_{level}": {"type": "string"}}}]
        schemas[f"Level{level}"] = {keyword: parts}
    schemas[f"Level{levels}"] = {"type": "object", "properties": {"last": {"type": "integer"}}}
    make = operation("makeX", reply(ref("Level0")), requestBody=body(ref("Level0")))
    return document({"/x": {"post": make}}, schemas)


def counts(levels: int, keyword: str, folder: Path) -> dict[str, int]:
    """Count the calls of everything that reads a document or what was made of it."""
    data = tower(levels, keyword)
    upstream = read(data)

    def importing():
        write(import_upstream(upstream, folder), folder)

    found = {"read": counted(lambda: read(data)), "import": counted(importing), "import again": counted(importing)}
    registry = compile_spec(folder).registry
    names = shared_names(folder, registry)
    changed = copy.deepcopy(dict(registry.document))
    changed["tools"]["make_x"]["summary"] = "Another one."
    return found | {
        "generate": counted(lambda: generated_files(compile_spec(folder))),
        "drift": counted(lambda: drift(registry, upstream, names)),
        "parity": counted(lambda: parity(registry, upstream, names)),
        "diff": counted(lambda: difference(registry, Registry(changed))),
    }


@pytest.mark.parametrize("keyword", ["allOf", "anyOf", "oneOf"])
def test_ways_that_meet_again_are_walked_once_by_whatever_reads_a_document(keyword, tmp_path):
    counts(2, keyword, tmp_path / "first")  # what is made once is no part of the count
    few = counts(20, keyword, tmp_path / "few")
    many = counts(40, keyword, tmp_path / "many")
    # Twice the levels are twice the schemas; each schema is looked for in the chain above it too.
    assert max(many[name] / few[name] for name in few) < 4.5, (few, many)
