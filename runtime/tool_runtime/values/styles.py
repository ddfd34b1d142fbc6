"""Styles: how one argument is written into a path, a query, a header, a cookie or a form.

Owns what a list and an object look like in each place. The styles of the registry, for `a` with `[1, 2]` and with
`{"x": 1, "y": 2}` (where a cell is empty, the other form of the style is used):

    style      list                 object
    repeat     a=1&a=2              a[x]=1&a[y]=2        the usual one in a query
    brackets   a[]=1&a[]=2          a[x]=1&a[y]=2
    comma      a=1,2                a=x,1,y,2
    spaces     a=1%202              a=x%201%20y%202
    pipes      a=1%7C2              a=x%7C1%7Cy%7C2
    deep       a[]=1&a[]=2          a[x]=1&a[y]=2        lists of objects: a[0][x]=1
    keys       a=1&a=2              x=1&y=2
    json       a=[1,2]              a={"x":1,"y":2}
    simple     1,2                  x,1,y,2              exploded: x=1,y=2; the usual one in paths and headers
    label      .1,2                 .x,1,y,2             exploded: .1.2 and .x=1.y=2
    matrix     ;a=1,2               ;a=x,1,y,2           exploded: ;a=1;a=2 and ;x=1;y=2

Everything here is pure text. Knows no tool and no request.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import quote

# RFC 3986 allows these in a segment unencoded; `+` in particular stands in phone numbers. Comma, semicolon and equals
# sign are encoded: they part the values of lists and objects, and some servers cut a segment at a semicolon.
SEGMENT_SAFE = "!$&'()*+:@"
RESERVED_SAFE = ":/?@!$'()*,;"
_NAME_SAFE = "[]"
_DELIMITERS = {"comma": ",", "spaces": "%20", "pipes": "%7C"}

Pair = tuple[str, str]


def scalar_text(value: Any) -> str:
    """Write a JSON scalar as query strings and form fields do: `True` -> `true`, `2.0` -> `2`."""
    if isinstance(value, str):
        # A member of a string enumeration is its value, not its name.
        return str.__str__(value)
    if value is None or isinstance(value, bool):
        return "" if value is None else str(value).lower()
    if isinstance(value, Mapping | list):
        return json_text(value)
    return str(int(value)) if isinstance(value, int) or value.is_integer() else str(value)


json_text = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode


def query_texts(name: str, value: Any, style: str = "", *, reserved: bool = False) -> Iterator[str]:
    """Yield the `name=value` texts of one argument of a query or a form, encoded.

    Example: `a`, `["x y", "z"]` and `comma` give `a=x%20y,z`.
    """
    safe = RESERVED_SAFE if reserved else ""

    def encode(text: Any) -> str:
        return quote(scalar_text(text), safe=safe)

    if isinstance(value, Mapping | list) and style in _DELIMITERS:
        texts = [encode(part) for part in _flat(value)]
        if texts:
            yield f"{quote(name, safe=_NAME_SAFE)}={_DELIMITERS[style].join(texts)}"
        return
    yield from (f"{quote(key, safe=_NAME_SAFE)}={encode(part)}" for key, part in pairs(name, value, style))


def pairs(name: str, value: Any, style: str = "") -> Iterator[Pair]:
    """Yield the names and texts of one argument whose style repeats names.

    Example: `a`, `{"x": [1]}` and `deep` give `("a[x][]", "1")`.
    """
    if style == "json" and value is not None:
        yield name, json_text(value)
    elif isinstance(value, Mapping):
        for key, part in value.items():
            yield from pairs(str(key) if style == "keys" else f"{name}[{key}]", part, "" if style == "keys" else style)
    elif isinstance(value, list):
        numbered = style in {"deep", "brackets"} and any(isinstance(part, Mapping | list) for part in value)
        suffix = "[]" if style in {"deep", "brackets"} else ""
        for number, part in enumerate(value):
            yield from pairs(f"{name}[{number}]" if numbered else name + suffix, part, style)
    elif value is not None:
        yield name, scalar_text(value)


def _flat(value: Any) -> Iterable[Any]:
    return (text for item in value.items() for text in item) if isinstance(value, Mapping) else value


def path_text(name: str, value: Any, style: str = "", *, explode: bool = False) -> str:
    """Write one argument as the part of a path that stands for its placeholder, encoded.

    Example: `ids`, `["a/b", "c"]` and `simple` give `a%2Fb,c`.
    """
    if not isinstance(value, Mapping | list) and style in {"", "simple"}:
        return quote(scalar_text(value), safe=SEGMENT_SAFE)
    return _parted(name, value, style, lambda text: quote(text, safe=SEGMENT_SAFE), explode=explode)


def header_text(value: Any, *, explode: bool = False) -> str:
    """Write one argument as the value of a header: `["a", "b"]` -> `a,b`."""
    if not isinstance(value, Mapping | list):
        return scalar_text(value)
    return _parted("", value, "simple", str, explode=explode)


def cookie_text(name: str, value: Any, style: str = "", *, explode: bool = False) -> str:
    """Write one argument as it stands in the header `Cookie`: `a`, `"x;y"` -> `a=x%3By`."""

    def encode(text: str) -> str:
        return quote(text, safe="!#$&'()*+-./:<=>?@[]^_`{|}~")

    if style == "json":
        return f"{name}={encode(json_text(value))}"
    if explode and isinstance(value, list):
        return "; ".join(f"{name}={encode(scalar_text(part))}" for part in value)
    if explode and isinstance(value, Mapping):
        return "; ".join(f"{key}={encode(scalar_text(part))}" for key, part in value.items())
    return f"{name}={_parted(name, value, 'simple', encode, explode=False)}"


def _parted(name: str, value: Any, style: str, encode: Callable[[str], str], *, explode: bool) -> str:
    """Write a value in one of the styles that begin with a mark and part values by a mark."""
    if style == "json":
        return encode(json_text(value))
    lead, joint = {"label": (".", "." if explode else ","), "matrix": (";", ";" if explode else ",")}.get(
        style, ("", ",")
    )
    if isinstance(value, Mapping):
        couples = [(encode(str(key)), encode(scalar_text(part))) for key, part in value.items()]
        texts = [f"{key}={part}" for key, part in couples] if explode else [text for pair in couples for text in pair]
    else:
        texts = [encode(scalar_text(part)) for part in (value if isinstance(value, list) else [value])]
        if style == "matrix" and explode:
            texts = [f"{name}={text}" for text in texts]
    if style == "matrix" and not explode:
        return f";{name}={joint.join(texts)}"
    return lead + joint.join(texts)
