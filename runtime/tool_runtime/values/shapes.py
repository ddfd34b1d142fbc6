"""Shapes: friendly forms of arguments, turned into what the API wants.

Owns the four kinds that the spec declares: `form` (one template for every value), `cases` (the first template whose
schema the value fits), `entries` (an object that becomes a list, entry by entry) and `keys` (an object shaped key by
key, with defaults). What no case fits passes through as the raw wire form. Shaping changes form and judges nothing:
the caller validates what comes out.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from tool_runtime.errors import Fault
from tool_runtime.values.snapshots import decode_object
from tool_runtime.values.suggestions import nearest, nearly
from tool_runtime.values.templates import expand

Accepts = Callable[[Mapping[str, Any], Any], bool]


def resolve_shape(shape: Mapping[str, Any] | str, named: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the declaration behind a shape that may be given by name."""
    while isinstance(shape, str) or "shape" in shape:
        shape = named[shape if isinstance(shape, str) else shape["shape"]]
    return shape


def apply_shape(
    shape: Mapping[str, Any] | str,
    value: Any,
    named: Mapping[str, Any],
    accepts: Accepts,
    scope: Mapping[str, Any] | None = None,
) -> Any:
    """Turn a friendly value into its wire form. `accepts(schema, value)` judges which case fits."""
    shape = resolve_shape(shape, named)
    if value is None and "keys" not in shape:
        return None
    if "form" in shape:
        return expand(shape["form"], {**(scope or {}), "": value})
    if "cases" in shape:
        return _by_case(shape["cases"], value, accepts, scope or {})
    if "entries" in shape:
        if not isinstance(value, Mapping):
            return value
        return [apply_shape(shape["entries"], part, named, accepts, {"key": key}) for key, part in value.items()]
    return _by_key(shape, value, named, accepts)


def _by_case(cases: list[Mapping[str, Any]], value: Any, accepts: Accepts, scope: Mapping[str, Any]) -> Any:
    for case in cases:
        if accepts(case["when"], value):
            if "each" in case:
                return [expand(case["each"], {**scope, "": part}) for part in value]
            return expand(case["form"], {**scope, "": value})
    return value


def _by_key(shape: Mapping[str, Any], value: Any, named: Mapping[str, Any], accepts: Accepts) -> Any:
    if value is not None and not isinstance(value, Mapping):
        return value
    given = dict(value or {})
    for key, default in shape.get("defaults", {}).items():
        if key not in given and wire_name(shape, key) not in given:
            given[key] = default
        elif given.get(key, default) is None:
            del given[key]
    shaped = {}
    for key, part in given.items():
        inner = shape["keys"].get(key, {}).get("shape")
        if isinstance(part, str) and inner is not None and "entries" in resolve_shape(inner, named):
            decoded = decode_object(part)
            part = part if decoded is None else decoded  # noqa: PLW2901 - as every text that holds an expected object
        wire = part if inner is None else apply_shape(inner, part, named, accepts)
        shaped[wire_name(shape, key)] = wire
    return shaped


def wire_name(shape: Mapping[str, Any], key: str) -> str:
    """Return the wire name of a friendly key."""
    return str(shape["keys"].get(key, {}).get("wire", key))


def key_faults(
    shape: Mapping[str, Any], value: Any, known_wire: Mapping[str, Any], path: str, *, allow_unknown: bool
) -> list[Fault]:
    """Find keys that a `keys` shape does not take, and keys given under both of their names.

    An unknown key that holds an object or a list passes: it is a raw form, and the API may be ahead of the spec. A key
    that is nearly a known one does not: `{"stauts": ["ended"]}` would list every call.
    """
    if not isinstance(value, Mapping):
        return []
    faults = []
    for key, part in value.items():
        wire = wire_name(shape, str(key))
        if wire != key and wire in value:
            faults.append(Fault(f"{path}.{key}", "conflict", f"is given twice: also as {wire}"))
        if key not in shape["keys"] and key not in known_wire and not allow_unknown:
            names = [*shape["keys"], *known_wire]
            near = nearly(key, names) if isinstance(part, dict | list) else nearest(key, names)
            if near is not None or not isinstance(part, dict | list):
                faults.append(Fault(f"{path}.{key}", "unknown", "is not a known key", near))
    return faults


def friendly_place(shape: Mapping[str, Any], fault: Fault, value: Mapping[str, Any], path: str) -> Fault:
    """Give a fault that was found in the wire form the place that the caller knows.

    Below a key whose value was shaped there is no place of the caller's, save an entry of an object that became a list.
    """
    rest = fault.path.removeprefix(f"{path}.")
    for key, part in value.items():
        wire = wire_name(shape, key)
        if rest == wire or rest.startswith((f"{wire}.", f"{wire}[")):
            below = rest[len(wire) :]
            if not isinstance(part, Mapping):
                below = below if isinstance(part, list) and "shape" not in shape["keys"].get(key, {}) else ""
            elif below.startswith("["):
                number = int(below[1 : below.index("]")])
                below = f".{list(part)[number]}" if number < len(part) else ""
            return replace(fault, path=f"{path}.{key}{below}")
    return fault
