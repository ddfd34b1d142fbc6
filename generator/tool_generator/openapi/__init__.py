"""From the bytes of an OpenAPI document to the model of it, whatever the bytes hold.

    json_values.py  reads a file as plain JSON values, with guards against hostile files
    swagger.py      rewrites a Swagger 2 document as OpenAPI 3
    pointers.py     JSON pointers and `$ref` within a document
    marks.py        puts `readOnly` and `writeOnly` on properties
    dialects.py     rewrites the schemas of all versions as JSON Schema 2020-12
    contents.py     request bodies and replies
    access.py       servers and security
    operations.py   operations and parameters
    naming.py       names that operations and schemas get

`read_upstream` takes a file, `parse_upstream` bytes; both give `model.documents.Upstream`. The import of this package
loads no YAML reader; a call of these two functions does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tool_generator.model.documents import UpstreamUnreadable

if TYPE_CHECKING:
    from pathlib import Path

    from tool_generator.model.documents import Upstream


def read_upstream(path: Path) -> Upstream:
    """Read an OpenAPI document, YAML or JSON. Raises UpstreamUnreadable if the file is no such document."""
    from tool_generator.openapi import operations

    return operations.read_upstream(path)


def parse_upstream(content: bytes) -> Upstream:
    """Read a document from its bytes. Raises UpstreamUnreadable if the bytes are no OpenAPI document."""
    from tool_generator.openapi import operations

    return operations.parse_upstream(content)


__all__ = ["UpstreamUnreadable", "parse_upstream", "read_upstream"]
