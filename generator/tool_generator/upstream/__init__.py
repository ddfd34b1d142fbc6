"""Upstream documents (OpenAPI 3.0 and 3.1): reading one into facts, and bringing a spec folder up to date with one.

    model.py       the facts; everybody else may rely on it
    document.py    a file as plain JSON values, with guards against hostile ones
    pointers.py    pointers and `$ref` within a document
    dialects.py    schemas of both versions as JSON Schema 2020-12
    bodies.py      request bodies and replies
    operations.py  operations, parameters, servers, security

    importer.py    the import: rounds until nothing changes
    rounds.py      one round: matching.py, pairing.py, update_tools.py, update_values.py,
                   update_properties.py, create.py, fresh.py
    convert.py     upstream's schemas as types of the spec; equivalent_schemas.py, naming.py, guesses.py, arguments.py
    definitions.py the same at a place that may be such a type's own definition
    admitted.py    what a schema admits, on both sides; directions.py, index.py
    editor.py      changes to files and the account of them; edits.py, rendering.py
    import_command.py  `toolgen import`

`read_upstream` and `parse_upstream` are the doors for everything that only needs the facts. Importing the package
needs no YAML reader; calling them does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tool_generator.upstream.model import (
    REF,
    Body,
    DocumentProblem,
    Operation,
    Parameter,
    Reply,
    Schema,
    Upstream,
    UpstreamUnreadable,
    ref_name,
)

if TYPE_CHECKING:
    from pathlib import Path


def read_upstream(path: Path) -> Upstream:
    """Read an OpenAPI 3.0 or 3.1 document, YAML or JSON. Raises UpstreamUnreadable where it is none."""
    from tool_generator.upstream import operations

    return operations.read_upstream(path)


def parse_upstream(content: bytes) -> Upstream:
    """Read a document from its bytes. Raises UpstreamUnreadable where it is no OpenAPI 3."""
    from tool_generator.upstream import operations

    return operations.parse_upstream(content)


__all__ = [
    "REF",
    "Body",
    "DocumentProblem",
    "Operation",
    "Parameter",
    "Reply",
    "Schema",
    "Upstream",
    "UpstreamUnreadable",
    "parse_upstream",
    "read_upstream",
    "ref_name",
]
