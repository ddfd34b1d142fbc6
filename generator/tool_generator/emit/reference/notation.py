"""JSON Schemas in words: a short notation of types, the limits of a value, the members of an object.

The notation says what a reader needs to write a value: `string`, `"a"` or `"b"`, array of X, X or null, and the name
of a shared type as a link to its entry. `details` lists what is too long for the notation: the members of an object
without a name, and an enumeration of more than `SHORT` values.

This module knows schemas and Markdown. It must not know about tools or pages.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from tool_generator.emit.reference.links import Links
from tool_generator.emit.reference.markdown import code, inline, listed
from tool_generator.emit.reference.snippets import json_literal
from tool_runtime.values.references import type_name_of

SHORT = 12
_LONG_LITERAL = 160
_TUPLE = 4
_INCLUSIVE = ("minimum", "minLength", "minItems")
_LIMITS = (
    ("minimum", "maximum", "From {} to {}.", "At least {}.", "At most {}."),
    (
        "exclusiveMinimum",
        "exclusiveMaximum",
        "Between {} and {}, both excluded.",
        "More than {}.",
        "Less than {}.",
    ),
    ("minLength", "maxLength", "{} to {} characters.", "At least {} characters.", "At most {} characters."),
    ("minItems", "maxItems", "{} to {} items.", "At least {} items.", "At most {} items."),
    ("minProperties", "maxProperties", "{} to {} keys.", "At least {} keys.", "At most {} keys."),
)

COMBINATIONS: Mapping[str, str] = {"anyOf": " or ", "oneOf": " or ", "allOf": " and "}
_NESTING = frozenset({"enum", "properties", "additionalProperties", "items", "prefixItems", *COMBINATIONS})
_LIMITING = frozenset({"anyOf", "oneOf", "multipleOf", "pattern", "uniqueItems"}).union(*(row[:2] for row in _LIMITS))

Schema = Mapping[str, Any]


def type_name(schema: Any) -> str | None:
    """Return the name of the shared type that a schema refers to; None for other schemas."""
    return type_name_of(schema) if isinstance(schema, dict) else None


def referred(schema: Any) -> Iterator[str]:
    """Yield the name of every type that a schema mentions, in the order of its text."""
    pending = [schema]
    while pending:
        item = pending.pop()
        if isinstance(item, dict):
            if (name := type_name(item)) is not None:
                yield name
            pending.extend(
                value
                for key, value in reversed(list(item.items()))
                if key not in {"default", "example", "examples", "enum", "const"}
            )
        elif isinstance(item, list):
            pending.extend(reversed(item))


def reachable(start: Iterable[str], edges: Mapping[str, tuple[str, ...]]) -> list[str]:
    """Return all types that the given types need, themselves included, each once, nearest first."""
    found = dict.fromkeys(start)
    queue = list(found)
    for name in queue:
        fresh = [other for other in edges[name] if other not in found]
        found.update(dict.fromkeys(fresh))
        queue += dict.fromkeys(fresh)
    return queue


def notation(schema: Any, links: Links) -> str:
    """Return the type of a schema as inline Markdown: `{"type": ["string", "null"]}` -> `string or null`."""
    return _notation(schema, links)[0]


def _notation(schema: Any, links: Links) -> tuple[str, bool]:
    """Return the notation, and whether the notation needs parentheses inside another one."""
    if not isinstance(schema, dict):
        return ("nothing" if schema is False else "any"), False
    if (name := type_name(schema)) is not None:
        return _notation(links.spelled[name], links) if name in links.spelled else (links.to_type(name), False)
    if "const" in schema:
        return code(json_literal(schema["const"])), False
    if "enum" in schema:
        return _enumeration(schema["enum"])
    for combination, word in COMBINATIONS.items():
        if combination in schema:
            return _joined(schema[combination], word, links)
    kinds = schema.get("type", _implied(schema))
    if isinstance(kinds, list):
        return _joined([{**schema, "type": kind} for kind in kinds], " or ", links)
    return _simple(kinds, schema, links), False


def _implied(schema: Schema) -> str:
    if "properties" in schema or "additionalProperties" in schema:
        return "object"
    return "array" if "items" in schema else "any"


def _simple(kind: str, schema: Schema, links: Links) -> str:
    if kind == "array":
        return _array(schema, links)
    if kind == "object":
        values = schema.get("additionalProperties")
        if "properties" not in schema and isinstance(values, dict) and values:
            return f"object of {_wrapped(values, links)}"
        return "object"
    if kind == "string" and isinstance(form := schema.get("format"), str):
        return f"string ({inline(form)})"
    return inline(kind)


def _array(schema: Schema, links: Links) -> str:
    items = schema.get("items", True)
    if isinstance(places := schema.get("prefixItems"), list):
        return f"[{', '.join(_wrapped(place, links) for place in places)}]"
    size = schema.get("minItems")
    if size == schema.get("maxItems") and isinstance(size, int) and 1 < size <= _TUPLE:
        return f"[{', '.join([_wrapped(items, links)] * size)}]"
    return "array" if items is True or items == {} else f"array of {_wrapped(items, links)}"


def _wrapped(schema: Any, links: Links) -> str:
    text, compound = _notation(schema, links)
    return f"({text})" if compound else text


def _enumeration(values: list[Any]) -> tuple[str, bool]:
    if len(values) <= SHORT:
        return listed((code(json_literal(value)) for value in values), "or"), len(values) > 1
    kinds = dict.fromkeys(
        "null" if value is None else "string" if isinstance(value, str) else "value" for value in values
    )
    return f"{listed(kinds, 'or')}, one of {len(values)} listed below", True


def _joined(schemas: list[Any], word: str, links: Links) -> tuple[str, bool]:
    parts = list(dict.fromkeys(_wrapped(item, links) for item in schemas))
    # Nobody reads the same list of values twice: `("a" or "b") or array of them`.
    parts = ["array of them" if part.startswith("array of (") and part[9:] in parts else part for part in parts]
    if "null" in parts and word == " or ":
        parts = [part for part in parts if part != "null"] + ["null"]
    return word.join(parts), len(parts) > 1


def limits(schema: Any, said: str = "") -> list[str]:
    """Return sentences on the limits of a value, without its type, its default and its examples.

    `said` is the description that people wrote: a range that stands there is not said again.
    Example: `{"minimum": 1, "maximum": 9}` -> `["From 1 to 9."]`, and nothing where the description has "1 to 9".
    """
    if not isinstance(schema, dict) or _LIMITING.isdisjoint(schema):
        return []
    sentences: list[str] = []
    value = _valued(schema)
    for low, high, both, least, most in _LIMITS:
        floor, ceiling = value.get(low), value.get(high)
        if floor is not None and ceiling is not None:
            is_tuple = low == "minItems" and floor == ceiling and 1 < floor <= _TUPLE
            if not is_tuple and not (low in _INCLUSIVE and _says(said, floor, ceiling)):
                sentences.append(both.format(floor, ceiling))
        elif floor is not None:
            sentences.append(least.format(floor).replace(" 1 characters", " 1 character").replace("1 items", "1 item"))
        elif ceiling is not None:
            sentences.append(most.format(ceiling).replace(" 1 characters", " 1 character").replace("1 items", "1 item"))
    if "multipleOf" in value:
        sentences.append(f"A multiple of {value['multipleOf']}.")
    if isinstance(pattern := value.get("pattern"), str):
        sentences.append(f"Matches {code(pattern)}.")
    if value.get("uniqueItems"):
        sentences.append("No item twice.")
    return sentences


def _says(text: str, floor: Any, ceiling: Any) -> bool:
    """Tell whether a text holds a range: `Items a page, 1 to 1000.` holds the one from 1 to 1000."""
    return bool(re.search(rf"(?<![\d.-]){re.escape(str(floor))} to {re.escape(str(ceiling))}(?!\d|\.\d)", text))


def _valued(schema: Schema) -> Schema:
    """Return X for a schema that is `X or null`, because the limits stand in X."""
    for union in ("anyOf", "oneOf"):
        given = [item for item in schema.get(union, ()) if isinstance(item, dict) and item.get("type") != "null"]
        if len(given) == 1:
            return {**given[0], **schema}
    return schema


def samples(schema: Any, default: Any = ..., example: Any = ...) -> list[str]:
    """Return sentences with the default and the examples; `default` and `example` have priority over the schema."""
    facts: Schema = schema if isinstance(schema, dict) else {}
    if default is ...:
        default = facts.get("default", ...)
    examples = [example] if example is not ... else facts.get("examples", [])
    if not examples and "example" in facts:
        examples = [facts["example"]]
    sentences = [] if default is ... else [f"Default: {code(json_literal(default))}."]
    shown = [literal for literal in map(json_literal, examples) if len(literal) <= _LONG_LITERAL]
    if shown:
        sentences.append(f"Example{'s' if len(shown) > 1 else ''}: {', '.join(map(code, shown))}.")
    return sentences


def describe(schema: Any, links: Links) -> str:
    """Return the description of a schema with its lifecycle, limits, default and examples, as inline Markdown."""
    if not isinstance(schema, dict):
        return ""
    sentences = ["Deprecated."] if schema.get("deprecated") else []
    sentences += [links.prose(inline(text))] if (text := schema.get("description")) else []
    sentences += [*limits(schema, schema.get("description") or ""), *samples(schema)]
    sentences += ["Read-only."] if schema.get("readOnly") else []
    sentences += ["Secret: kept out of logs, errors and previews."] if schema.get("secret") else []
    return " ".join(sentences)


def details(schema: Any, links: Links, depth: int = 0) -> list[str]:
    """Return what the notation of a schema leaves out, as lines of a nested list. Most schemas need none."""
    if not isinstance(schema, dict) or "$ref" in schema or _NESTING.isdisjoint(schema):
        return []
    lines: list[str] = []
    if len(schema.get("enum", ())) > SHORT:
        lines.append(_item(depth, f"One of: {', '.join(code(json_literal(value)) for value in schema['enum'])}."))
    required = set(schema.get("required", ()))
    for name, member in schema.get("properties", {}).items():
        lines += _member(name, member, links, depth, required=name in required)
    values = schema.get("additionalProperties")
    if isinstance(values, dict) and values and "properties" in schema:
        lines.append(_item(depth, f"any other key: {notation(values, links)}"))
    lines += details(values, links, depth)
    lines += details(schema.get("items"), links, depth)
    for place in schema.get("prefixItems", ()):
        lines += details(place, links, depth)
    for group in COMBINATIONS:
        lines += _alternatives(schema.get(group, ()), links, depth)
    return lines


def _alternatives(schemas: Iterable[Any], links: Links, depth: int) -> list[str]:
    """Return the details of the alternatives of a union. Two alternatives with the same details share them."""
    spelled = [(schema, lines) for schema in schemas if (lines := details(schema, links, depth))]
    if all(lines == spelled[0][1] for _, lines in spelled):
        return spelled[0][1] if spelled else []
    shown: list[str] = []
    for schema, lines in spelled:
        shown.append(_item(depth, f"as {notation(schema, links)}: {describe(schema, links)}".rstrip(" :")))
        shown += [f"  {line}" for line in lines]
    return shown


def _member(name: str, schema: Any, links: Links, depth: int, *, required: bool) -> list[str]:
    kind = notation(schema, links)
    text = describe(schema, links) or describe(links.spelled.get(type_name(schema) or ""), links)
    head = f"{code(name)} ({kind}{', **required**' if required else ''})"
    return [_item(depth, f"{head}: {text}" if text else head), *details(schema, links, depth + 1)]


def _item(depth: int, text: str) -> str:
    return f"{'  ' * depth}- {text}"
