"""Upstream documents (OpenAPI 3.0 and 3.1): read one as facts, and bring a spec folder up to date with those facts.

    model.py       the facts; every other module may rely on them
    document.py    reads a file as plain JSON values, with guards against hostile files
    pointers.py    JSON pointers and `$ref` within a document
    dialects.py    rewrites the schemas of both versions as JSON Schema 2020-12
    bodies.py      request bodies and replies
    operations.py  operations, parameters, servers, security

    importer.py    the import: rounds until nothing changes
    rounds.py      one round: matching.py, pairing.py, update_tools.py, update_values.py,
                   update_properties.py, create.py, fresh.py
    convert.py     upstream's schemas as types of the spec; equivalent_schemas.py, naming.py, guesses.py, arguments.py
    definitions.py the same conversion, at a place that may lie within the definition of the type itself
    admitted.py    what a schema admits, for the spec and for upstream; directions.py, index.py
    editor.py      changes to files, and the report of these changes; edits.py, rendering.py
    import_command.py  `toolgen import`

A module that needs only the facts calls `read_upstream` or `parse_upstream`. The import of this package loads no YAML
reader; a call of these two functions does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tool_generator.model.documents import (
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
    """Read an OpenAPI 3.0 or 3.1 document, YAML or JSON. Raises UpstreamUnreadable if the file is no such document."""
    from tool_generator.openapi import operations

    return operations.read_upstream(path)


def parse_upstream(content: bytes) -> Upstream:
    """Read a document from its bytes. Raises UpstreamUnreadable if the bytes are no OpenAPI 3 document."""
    from tool_generator.openapi import operations

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
