"""A Hypothesis strategy that draws OpenAPI documents with every keyword, style, union, body, reply, key and server.

`documents()` draws a document of 3.0 or 3.1 with up to four operations and three shared schemas. Names are few, so that
two documents drawn after each other have much in common: the second is a change of the first.
"""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

NAMES = ("Alpha", "Beta", "Gamma")
FIELDS = ("id", "kind", "name", "size", "tags")
PATHS = ("/a/{item-id}", "/b/{item-id}")
BODIES = (
    "application/json", "application/merge-patch+json", "application/vnd.any+json", "application/x-www-form-urlencoded",
    "multipart/form-data", "text/plain", "application/xml", "image/png", "application/octet-stream", "*/*",
)  # fmt: skip
REPLIES = (
    [], ["application/json"], ["application/json"], ["application/vnd.any+json"], ["text/csv"], ["audio/mpeg"],
    ["text/event-stream"], ["application/json", "text/plain"], ["application/json", "text/event-stream"], ["*/*"],
)  # fmt: skip
STYLES = {
    "query": ["form", "spaceDelimited", "pipeDelimited", "deepObject"],
    "header": ["simple"],
    "cookie": ["form"],
    "path": ["simple", "label", "matrix"],
}
SCHEMES = {
    "key": {"type": "http", "scheme": "bearer"},
    "login": {"type": "http", "scheme": "basic"},
    "app": {"type": "apiKey", "in": "header", "name": "X-App"},
    "token": {"type": "apiKey", "in": "query", "name": "token"},
    "cert": {"type": "mutualTLS"},
    "far": {"type": "oauth2", "flows": {"implicit": {"authorizationUrl": "https://any.example", "scopes": {}}}},
    "session": {"type": "apiKey", "in": "cookie", "name": "session"},
}
SECURITY = (
    [{"key": []}], [], [{"login": []}, {}], [{"key": [], "app": []}], [{"token": []}, {"session": []}], [{"app": []}],
    [{"cert": []}], [{"cert": []}, {"far": []}],
)  # fmt: skip
SERVERS = (
    [{"url": "https://any.example"}],
    [{"url": "https://other.example/v2"}],
    [{"url": "https://{region}.any.example", "variables": {"region": {"default": "eu", "enum": ["eu", "us"]}}}],
)
# What both versions write alike.
PLAIN: tuple[dict[str, Any], ...] = (
    {},
    {"type": "string"},
    {"type": "string", "minLength": 1, "maxLength": 9, "pattern": "^[a-z]+$"},
    {"type": "string", "enum": ["a", "b"]},
    {"type": "string", "format": "date-time"},
    {"type": "string", "format": "binary"},
    {"type": "integer", "enum": [1, 2]},
    {"type": "number", "multipleOf": 0.5, "maximum": 10},
    {"type": "boolean", "default": False},
    {"enum": ["a", 1, None]},
    {"type": "object"},
    {"type": "object", "minProperties": 1, "additionalProperties": {"type": "integer"}},
    {"type": "object", "patternProperties": {"^x": {"type": "string"}}},
    {"type": "array", "items": {"type": "string"}},
    {"type": "array", "items": {"type": "integer"}, "minItems": 1, "maxItems": 4, "uniqueItems": True},
)
OLD: tuple[dict[str, Any], ...] = (
    {"type": "string", "nullable": True, "enum": ["b", "c"]},
    {"type": "integer", "minimum": 0, "exclusiveMinimum": True},
    {"type": "number", "nullable": True},
)
NEW: tuple[dict[str, Any], ...] = (
    {"type": ["string", "null"], "enum": ["b", "c", None]},
    {"type": "integer", "exclusiveMinimum": 0},
    {"type": ["number", "null"]},
    {"type": ["string", "integer"]},
    {"const": "a"},
    {"type": "null"},
)


def ref(name: str) -> dict[str, str]:
    """Refer to a shared schema."""
    return {"$ref": f"#/components/schemas/{name}"}


def tagged(names: list[str], *, is_mapped: bool) -> dict[str, Any]:
    """Make a union of shared schemas that `kind` tells apart."""
    mapping = {"mapping": {name.lower(): ref(name)["$ref"] for name in names}} if is_mapped else {}
    return {"oneOf": [ref(name) for name in names], "discriminator": {"propertyName": "kind", **mapping}}


some_names = st.lists(st.sampled_from(NAMES), min_size=1, unique=True)
flags = st.fixed_dictionaries(
    {}, optional={"readOnly": st.just(True), "writeOnly": st.just(True), "deprecated": st.just(True)}
)


def scalars(version: str) -> Any:
    """Draw schemas that hold no other schema."""
    own = NEW if version.startswith("3.1") else OLD
    return st.one_of(
        st.sampled_from([*PLAIN, *own]),
        st.sampled_from(NAMES).map(ref),
        st.builds(lambda names, mapped: tagged(names, is_mapped=mapped), some_names, st.booleans()),
    )


@st.composite
def objects(draw: Any, inner: Any) -> dict[str, Any]:
    """Draw an object: fields with their flags, required ones, further keys, rules over the fields."""
    found: dict[str, Any] = {"type": "object"}
    names = draw(st.lists(st.sampled_from(FIELDS), max_size=4, unique=True))
    found["properties"] = {name: {**draw(inner), **draw(flags)} for name in names}
    if required := draw(st.lists(st.sampled_from(FIELDS), max_size=2, unique=True)):
        found["required"] = required
    if draw(st.integers(0, 3)) == 0:
        found["additionalProperties"] = draw(st.one_of(st.booleans(), inner))
    if len(names) > 1 and draw(st.integers(0, 5)) == 0:
        found["anyOf"] = [{"required": [name]} for name in names[:2]]
    if draw(st.integers(0, 5)) == 0:
        found["description"] = "What it is."
    return found


def unions(inner: Any) -> Any:
    """Draw unions and intersections, also beside a reference."""
    keyword = st.sampled_from(["oneOf", "anyOf", "allOf"])
    return st.one_of(
        st.builds(lambda key, items: {key: items}, keyword, st.lists(inner, min_size=1, max_size=3)),
        st.builds(
            lambda name, more: {"allOf": [ref(name), more]},
            st.sampled_from(NAMES),
            st.one_of(objects(inner), st.just({"enum": ["a", "c"]})),
        ),
    )


def schemas(version: str) -> Any:
    """Draw schemas of any depth."""
    return st.recursive(
        scalars(version),
        lambda inner: st.one_of(
            objects(inner), unions(inner), inner.map(lambda item: {"type": "array", "items": item})
        ),
        max_leaves=7,
    )


@st.composite
def parameters(draw: Any, any_schema: Any) -> list[dict[str, Any]]:
    """Draw the parameters of one operation, in every place and style."""
    found = []
    for name in draw(st.lists(st.sampled_from(["p", "X-Tag", "q[]", "id", "size"]), unique=True, max_size=3)):
        place = draw(st.sampled_from(["query", "query", "header", "cookie"])) if "[" not in name else "query"
        schema = draw(any_schema)
        words = {"schema": schema, "style": draw(st.sampled_from(STYLES[place])), "explode": draw(st.booleans())}
        if place == "query" and draw(st.integers(0, 5)) == 0:
            words["allowReserved"] = True
        if draw(st.integers(0, 4)) == 0:
            words = {"content": {"application/json": {"schema": schema}}}
        found.append({"name": name, "in": place, "required": draw(st.booleans()), **words, **draw(deprecation)})
    style = {"style": draw(st.sampled_from(STYLES["path"])), "explode": draw(st.booleans())}
    schema = draw(st.sampled_from([{"type": "string"}, {"type": "integer"}, PLAIN[-2]]))
    found.append({"name": "item-id", "in": "path", "required": True, "schema": schema, **style})
    return found


deprecation = st.fixed_dictionaries({}, optional={"deprecated": st.just(True)})


@st.composite
def bodies(draw: Any, any_schema: Any) -> dict[str, Any]:
    """Draw a request body: one or two media types, with encodings of their parts."""
    content = {}
    for name in draw(st.lists(st.sampled_from(BODIES), min_size=1, max_size=2, unique=True)):
        content[name] = {"schema": draw(st.one_of(objects(any_schema), any_schema))}
        fields = content[name]["schema"].get("properties", {})
        if name == "multipart/form-data" and fields and draw(st.booleans()):
            content[name]["encoding"] = {next(iter(fields)): {"contentType": "text/csv"}}
        if name == "application/x-www-form-urlencoded" and fields and draw(st.booleans()):
            style = {"style": draw(st.sampled_from(STYLES["query"])), "explode": draw(st.booleans())}
            content[name]["encoding"] = {next(iter(fields)): style}
    return {"required": draw(st.booleans()), "content": content}


@st.composite
def operations(draw: Any, any_schema: Any) -> dict[str, Any]:
    """Draw one operation."""
    operation: dict[str, Any] = {"parameters": draw(parameters(any_schema)), **draw(deprecation)}
    if draw(st.booleans()):
        operation["requestBody"] = draw(bodies(any_schema))
    status = draw(st.sampled_from(["200", "200", "201", "204", "2XX", "302", "default"]))
    content = {name: {"schema": draw(any_schema)} for name in draw(st.sampled_from(REPLIES))}
    operation["responses"] = {status: {"description": "", **({"content": content} if content else {})}}
    if draw(st.booleans()):
        operation["security"] = draw(st.sampled_from(SECURITY))
    if draw(st.integers(0, 5)) == 0:
        operation["servers"] = draw(st.sampled_from(SERVERS))
    if draw(st.booleans()):
        operation["tags"] = [draw(st.sampled_from(["one", "two"]))]
    return operation


@st.composite
def documents(draw: Any) -> dict[str, Any]:
    """Draw a document."""
    version = draw(st.sampled_from(["3.0.3", "3.1.0"]))
    any_schema = schemas(version)
    paths: dict[str, Any] = {}
    for path in draw(st.lists(st.sampled_from(PATHS), min_size=1, unique=True)):
        for method in draw(st.lists(st.sampled_from(["get", "post", "put"]), min_size=1, max_size=2, unique=True)):
            operation = draw(operations(any_schema))
            # An id that two operations may share.
            if draw(st.booleans()):
                operation["operationId"] = draw(st.sampled_from([f"{method}Thing", f"{method}{path[1].upper()}"]))
            paths.setdefault(path, {})[method] = operation
        if draw(st.integers(0, 5)) == 0:
            paths[path]["servers"] = draw(st.sampled_from(SERVERS))
    found: dict[str, Any] = {
        "openapi": version,
        "info": {"title": "Any", "version": "1"},
        "servers": draw(st.sampled_from(SERVERS)),
        "paths": paths,
        "components": {
            "securitySchemes": SCHEMES,
            "schemas": {name: draw(st.one_of(objects(any_schema), any_schema)) for name in NAMES},
        },
    }
    if draw(st.integers(0, 3)):
        found["security"] = draw(st.sampled_from(SECURITY))
    return found
