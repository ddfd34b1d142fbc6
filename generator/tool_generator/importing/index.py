"""What an import asks of a document many times, computed once: which operations use which schema, and how.

This module must not know the spec.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from tool_generator.importing.directions import TheirSide
from tool_generator.importing.equivalent_schemas import equivalence_classes
from tool_generator.importing.pairing import lone_reference
from tool_generator.model.documents import REF, ref_name
from tool_generator.openapi.operations import used_schemas

if TYPE_CHECKING:
    from tool_generator.model.documents import Upstream


class Index:
    """A document with its index.

    `used` are the schemas that operations use, in the order of the document; `idle` are the others. `first` gives the
    first operation that uses a schema, `counts` the number of references to a schema. `bodies` are the schemas that
    serve as JSON bodies and nothing else. `equivalents` gives the schemas that are one type.
    """

    def __init__(self, upstream: Upstream) -> None:
        self.upstream = upstream
        self.sides = {role: TheirSide(upstream, role) for role in ("request", "reply")}
        self.first: dict[str, str] = {}
        for operation in upstream.operations.values():
            for name in used_schemas(operation, upstream.schemas):
                self.first.setdefault(name, operation.id)
        self.used = [name for name in upstream.schemas if name in self.first]
        self.idle = [name for name in upstream.schemas if name not in self.first]
        self.counts = self._counts()
        bodies = Counter(
            ref_name(reference)
            for operation in upstream.operations.values()
            if operation.body
            and operation.body.kind == "json"
            and (reference := lone_reference(operation.body.schema)) is not None
        )
        self.bodies: set[str] = {name for name, count in bodies.items() if count == self.counts[name]}
        self.equivalents = equivalence_classes(upstream.schemas, self.used, self.bodies)

    def _counts(self) -> Counter[str]:
        counts: Counter[str] = Counter()
        pending: list[Any] = [self.upstream.schemas[name] for name in self.used]
        for operation in self.upstream.operations.values():
            pending += [parameter.schema for parameter in operation.parameters]
            pending += [operation.body.schema if operation.body else None, operation.reply.schema]
        while pending:
            value = pending.pop()
            if isinstance(value, dict):
                reference = value.get("$ref")
                if isinstance(reference, str) and reference.startswith(REF):
                    counts[ref_name(reference)] += 1
                pending.extend(value.values())
            elif isinstance(value, list):
                pending.extend(value)
        return counts
