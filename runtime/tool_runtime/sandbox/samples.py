"""Values made from schemas, for fields of a reply that no record holds.

Owns: resolving `#/types/NAME`, the JSON types that a schema allows, sample values, completing and projecting
a reply.
Must not know: records, requests. The same schema and name give the same value, always.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from tool_runtime.core.registry import Registry
from tool_runtime.values.references import type_name_of

_BRANCHES: Final = ("anyOf", "oneOf")
_FORMATS: Final = {
    "date-time": "2026-01-01T00:00:00Z",
    "date": "2026-01-01",
    "time": "00:00:00Z",
    "email": "someone@example.com",
    "uri": "https://example.com",
    "url": "https://example.com",
    "uuid": "00000000-0000-4000-8000-000000000001",
}
_FIXED_MS: Final = 1_767_225_600_000
_DEEPEST: Final = 12


class Schemas:
    """Reads the schemas of one registry."""

    def __init__(self, registry: Registry) -> None:
        self._types = registry.types
        self.shapes = registry.shapes
        # Schemas are parts of the registry and live as long as the registry does, so their identity is a safe key.
        self._merged: dict[int, Mapping[str, Any]] = {}

    def resolve(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the schema that a reference means, with the keys of an `allOf` laid over one another."""
        while "$ref" in schema:
            schema = self._types.get(type_name_of(schema) or "", {})
        if "allOf" not in schema:
            return schema
        if id(schema) not in self._merged:
            merged: dict[str, Any] = {key: value for key, value in schema.items() if key != "allOf"}
            for part in map(self.resolve, schema["allOf"]):
                properties = {**merged.get("properties", {}), **part.get("properties", {})}
                required = [*merged.get("required", ()), *part.get("required", ())]
                merged = {
                    **merged,
                    **part,
                    "properties": properties,
                    "required": list(dict.fromkeys(required)),
                }
            self._merged[id(schema)] = merged
        return self._merged[id(schema)]

    def branches(self, schema: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        """Yield the resolved alternatives of a schema, itself where it has none."""
        schema = self.resolve(schema)
        alternatives = next((schema[key] for key in _BRANCHES if key in schema), None)
        if alternatives is None:
            yield schema
        else:
            for alternative in alternatives:
                yield from self.branches(alternative)

    def kinds(self, schema: Mapping[str, Any]) -> set[str]:
        """Return the JSON types that a schema allows, those of its array items included."""
        found: set[str] = set()
        for branch in self.branches(schema):
            declared = branch.get("type", ())
            found.update([declared] if isinstance(declared, str) else declared)
            if "array" in found and "items" in branch:
                found |= self.kinds(branch["items"])
        return found

    def properties(self, schema: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
        """Return the properties of an object schema, of all its alternatives together."""
        found: dict[str, Mapping[str, Any]] = {}
        for branch in self.branches(schema):
            for name, declared in branch.get("properties", {}).items():
                found.setdefault(name, declared)
        return found

    def allows_null(self, schema: Mapping[str, Any]) -> bool:
        """Say whether null is a value of the schema."""
        return any(
            not ({"type", "enum", "const"} & branch.keys())
            or "null" in _listed(branch.get("type", ()))
            or None in branch.get("enum", ())
            for branch in self.branches(schema)
        )

    def sample(self, schema: Mapping[str, Any], name: str = "value") -> Any:
        """Return a value that fits a schema, with required fields only.

        `name` is the name of the field; texts and ids are made of the name.
        """
        return self._sample(schema, name, 0)

    def _sample(self, schema: Mapping[str, Any], name: str, depth: int) -> Any:
        schema = self.resolve(schema)
        for key in ("const", "default", "example"):
            if key in schema:
                return schema[key]
        for key in ("enum", "examples"):
            if schema.get(key):
                return schema[key][0]
        for key in _BRANCHES:
            if key in schema:
                # Only a recursive type is that deep; the branch with the fewest required fields ends the recursion.
                choices = sorted(map(self.resolve, schema[key]), key=_weight) if depth > _DEEPEST else schema[key]
                return self._sample(choices[0], name, depth + 1)
        kind = next((kind for kind in _listed(schema.get("type", ())) if kind != "null"), None)
        if kind == "object" or (kind is None and "properties" in schema):
            return self._sample_object(schema, depth)
        if kind == "array":
            item = schema.get("items", {})
            return [self._sample(item, name.removesuffix("s"), depth + 1) for _ in range(schema.get("minItems", 0))]
        return _sample_scalar(kind, schema, name)

    def _sample_object(self, schema: Mapping[str, Any], depth: int) -> dict[str, Any]:
        properties = schema.get("properties", {})
        names = schema.get("required", ())
        if not names and depth == 0:
            # Without required fields the sample would be `{}`, which shows a reader nothing.
            names = [name for name, part in properties.items() if not self.kinds(part) & {"object", "array"}]
        if depth > _DEEPEST * 2:
            return {}
        return {name: self._sample(properties.get(name, {}), name, depth + 1) for name in names}

    def complete(self, value: Any, schema: Mapping[str, Any]) -> Any:
        """Return the value with a sample in the place of every missing required field, at every depth.

        A null where the schema has none is left out, as if the field had never been given.
        """
        branch = self.branch_for(value, schema)
        if isinstance(value, dict):
            properties = branch.get("properties", {})
            more = branch.get("additionalProperties")
            rest = more if isinstance(more, Mapping) else {}
            full = {
                key: self.complete(part, properties.get(key, rest))
                for key, part in value.items()
                if part is not None or self.allows_null(properties.get(key, rest))
            }
            for name in branch.get("required", ()):
                if name not in full:
                    full[name] = self.sample(properties.get(name, {}), name)
            return full
        if isinstance(value, list) and "items" in branch:
            item = branch["items"]
            return [self.complete(part, item) for part in value if part is not None or self.allows_null(item)]
        return value

    def project(self, record: Mapping[str, Any], schema: Mapping[str, Any]) -> dict[str, Any]:
        """Return the record with only the fields of the schema, in the schema's order; all, if it names none."""
        properties = self.branch_for(record, schema).get("properties")
        return {key: record[key] for key in properties or record if key in record}

    def branch_for(self, value: Any, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the first alternative of a schema that the value can be meant for."""
        branches = list(self.branches(schema))
        if len(branches) == 1:
            return branches[0]
        return next((branch for branch in branches if self._may_be(value, branch)), branches[0])

    def _may_be(self, value: Any, branch: Mapping[str, Any]) -> bool:
        if "const" in branch or "enum" in branch:
            return value in branch.get("enum", [branch.get("const")])
        if "type" in branch and _json_type(value) not in _listed(branch["type"]):
            return isinstance(value, int) and "number" in _listed(branch["type"]) and not isinstance(value, bool)
        if not isinstance(value, Mapping):
            return True
        for name, declared in branch.get("properties", {}).items():
            part = self.resolve(declared)
            allowed = part.get("enum", [part["const"]] if "const" in part else None)
            if name in value and allowed is not None and value[name] not in allowed:
                return False
        return True


def _weight(schema: Mapping[str, Any]) -> int:
    return len(schema.get("required", ())) + int(schema.get("minItems", 0))


def _listed(kinds: Any) -> list[str]:
    return [kinds] if isinstance(kinds, str) else list(kinds)


def _json_type(value: Any) -> str:
    if value is None:
        return "null"
    names = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array"}
    return names.get(type(value), "object")


def _sample_scalar(kind: str | None, schema: Mapping[str, Any], name: str) -> Any:
    if kind == "boolean":
        return False
    if kind in {"integer", "number"}:
        return _sample_number(kind, schema, name)
    if kind is None:
        return None if schema.get("type") else name
    text = _FORMATS.get(schema.get("format", ""), "") or _sample_text(name)
    return text.ljust(schema.get("minLength", 0), "x")[
        : schema.get("maxLength", len(text) + schema.get("minLength", 0))
    ]


def _sample_text(name: str) -> str:
    if name.endswith("_id"):
        return f"{name.removesuffix('_id')}_1"
    if name.endswith("url"):
        return f"https://example.com/{name}"
    return name


def _sample_number(kind: str, schema: Mapping[str, Any], name: str) -> float:
    floor = schema.get("minimum", schema.get("exclusiveMinimum"))
    if floor is None:
        value: float = _FIXED_MS if "timestamp" in name else 0
    else:
        value = floor + ("exclusiveMinimum" in schema)
    value = min(value, schema.get("maximum", value))
    return int(value) if kind == "integer" else value
