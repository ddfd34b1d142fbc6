from __future__ import annotations

import sys

from tool_generator.argument_schemas import tool_schemas
from tool_generator.bindings import python_files
from tool_generator.generate import compile_spec


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
    count = 0

    def counted(_frame, event, _argument):
        nonlocal count
        count += event == "call"

    sys.setprofile(counted)
    try:
        compiled = compile_spec(folder)
        python_files(compiled.registry, compiled.notice)
        tool_schemas(compiled.registry, compiled.notice)
    finally:
        sys.setprofile(None)
    return count


def test_twice_the_spec_is_twice_the_work(spec):
    work(spec, 5)  # what is made once, such as the compiled grammar, is no part of the count
    once = work(spec, 100)
    assert work(spec, 200) < 2.2 * once
