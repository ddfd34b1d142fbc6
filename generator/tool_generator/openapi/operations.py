"""Operations, parameters, bodies, replies, servers and security of an upstream document, as facts.

`read_upstream` takes a file, `parse_upstream` bytes. Malformed parts are reported and left out, and the rest is read;
only a document that is no OpenAPI 3 document raises an error. This module must not know about specs or tools.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from itertools import chain, count
from typing import TYPE_CHECKING, Any

from tool_generator.check.destinations import header_problem, template_problem
from tool_generator.model.documents import (
    REF,
    DocumentProblem,
    Operation,
    Parameter,
    Place,
    Upstream,
    UpstreamUnreadable,
    ref_name,
    too_deep,
)
from tool_generator.openapi.access import read_security, read_servers, schemes_of
from tool_generator.openapi.contents import read_body, read_reply
from tool_generator.openapi.dialects import SchemaReader
from tool_generator.openapi.json_values import pointer, read_values
from tool_generator.openapi.naming import snake_case
from tool_generator.openapi.pointers import Document
from tool_generator.openapi.swagger import as_openapi, is_swagger
from tool_runtime.values.urls import split_template

if TYPE_CHECKING:
    from collections.abc import Container, Iterator
    from pathlib import Path

METHODS = ("get", "post", "put", "patch", "delete", "head")
_PLACES = ("path", "query", "header", "cookie")
_STYLES = {
    "path": ("simple", "label", "matrix"),
    "query": ("form", "spaceDelimited", "pipeDelimited", "deepObject"),
    "header": ("simple",),
    "cookie": ("form",),
}
_IGNORED_HEADERS = ("accept", "content-type", "authorization")
_SEGMENT = re.compile(r"\{([^{}]*)\}")


def read_upstream(path: Path) -> Upstream:
    """Read an OpenAPI 3.0 or 3.1 document, YAML or JSON. Raises UpstreamUnreadable if the file is no such document."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UpstreamUnreadable(
            (DocumentProblem("#", f"{path} cannot be read: {error.strerror}", (), "malformed"),)
        ) from None
    return parse_upstream(content)


def parse_upstream(content: bytes) -> Upstream:
    """Read a document from its bytes. Raises UpstreamUnreadable if the bytes are no OpenAPI 3 document."""
    try:
        return _parsed(*read_values(content))
    except RecursionError:
        raise too_deep() from None


def _parsed(root: Any, problems: list[DocumentProblem]) -> Upstream:
    if is_swagger(root):
        root = as_openapi(root)
    _check_root(root)
    document = Document(root, problems)
    reader = SchemaReader(document)
    components = {
        name: reader.read(raw, pointer("components", "schemas", name)) for name, raw in document.components.items()
    }
    info = _dict(root.get("info"))
    unread: dict[str, str] = {}
    operations = _operations(document, reader, unread)
    schemas = reader.finished(components)
    external = _dict(root.get("externalDocs"))
    upstream = Upstream(
        title=_text(info.get("title")),
        version=_text(info.get("version")),
        description=_text(info.get("description")) or _text(info.get("summary")),
        operations=operations,
        schemas=schemas,
        servers=read_servers(root.get("servers"), "#/servers", document),
        security=read_security(root.get("security"), "#/security", document),
        security_schemes=schemes_of(document),
        tags=dict(_tags(root.get("tags"))),
        documentation=_text(external.get("url")),
        unread=unread,
    )
    if _dict(root.get("webhooks")):
        document.note("#/webhooks", "webhooks are requests that the API sends: no tools are made of them")
    return _with_problems(upstream, document.problems)


def _check_root(root: Any) -> None:
    if not isinstance(root, dict):
        raise UpstreamUnreadable(
            (DocumentProblem("#", "is not an OpenAPI document: it is no object", (), "malformed"),)
        )
    version = root.get("openapi")
    if isinstance(version, (int, float)) and not isinstance(version, bool):
        version = str(version)
    if not isinstance(version, str) or not re.match(r"3\.[01](\.|$)", version):
        told = f"says openapi: {str(version)[:40]}" if version is not None else "does not say openapi: 3.x"
        message = f"is not an OpenAPI 3.0 or 3.1 document: it {told}"
        raise UpstreamUnreadable((DocumentProblem("#/openapi", message, (), "malformed"),))
    if not isinstance(root.get("paths"), dict):
        message = "has no paths" if root.get("paths") is None else "has paths that are no object"
        raise UpstreamUnreadable((DocumentProblem("#/paths", message, (), "malformed"),))


def _operations(document: Document, reader: SchemaReader, unread: dict[str, str]) -> dict[str, Operation]:
    """Read the operations of all paths; `unread` gets those that cannot be read, each with the reason."""
    found: list[Operation] = []
    for path, raw in document.root["paths"].items():
        place = pointer("paths", path)
        if path.startswith("x-"):
            continue
        item, place = document.resolve(raw, place)
        if not isinstance(item, dict):
            document.malformed(place, "is not a path item; left out")
            continue
        problem = _path_problem(path)
        if problem:
            document.malformed(place, f"{problem}; left out")
        for method, operation in item.items():
            at, key = f"{place}/{method}", f"{method.upper()} {path}"
            if method in ("trace", "options"):
                document.note(at, f"{method.upper()} is no call of the API; left out")
                unread[key] = f"{method.upper()} is no call of the API"
            elif method in METHODS and problem:
                unread[key] = problem
            elif method in METHODS and not isinstance(operation, dict):
                document.malformed(at, "is not an operation; left out")
                unread[key] = "is not an operation"
            elif method in METHODS:
                found.append(_operation((method.upper(), path), operation, item, at, document, reader))
    return _named(found)


def _path_problem(path: str) -> str:
    """Say why no request can have a path; empty if one can: `/a b` -> `the path '/a b' has no …`."""
    names = _SEGMENT.findall(path)
    if not re.fullmatch(r"/\S*", path):
        return f"the path {path!r} has no leading slash, or has spaces"
    if "{" in _SEGMENT.sub("", path) or "}" in _SEGMENT.sub("", path) or "" in names or len(set(names)) != len(names):
        return f"the path {path!r} has braces that do not match, or a name twice"
    problem = template_problem(split_template(path)[0])
    return f"the path {path!r} {problem}" if problem else ""


def _named(read: list[Operation]) -> dict[str, Operation]:
    """Give operations by id. An id that is missing or stands twice is made of id, tag, method and path.

    Example: two operations `list` with the tags agents and keys become `list_agents` and `list_keys`.
    """
    counts = Counter(operation.id for operation in read if operation.has_id)
    found: dict[str, Operation] = {}
    for operation in read:
        if operation.has_id and counts[operation.id] == 1:
            found[operation.id] = operation
    for operation in read:
        if operation.has_id and counts[operation.id] == 1:
            continue
        by_route = f"{operation.method.lower()} {operation.path}"
        candidates = [snake_case(by_route), snake_case(f"{by_route} {' '.join(operation.tags)}")]
        if operation.has_id and operation.tags:
            candidates.insert(0, snake_case(f"{operation.id} {operation.tags[0]}"))
            same = [other for other in read if other.id == operation.id and other.tags[:1] == operation.tags[:1]]
            candidates = candidates[len(same) > 1 :]
        numbered = (f"{candidates[0]}_{number}" for number in count(2))
        name = next(name for name in chain(candidates, numbered) if name not in found)
        found[name] = replace(operation, id=name, has_id=False)
    order = {(operation.method, operation.path): index for index, operation in enumerate(read)}
    return dict(sorted(found.items(), key=lambda item: order[item[1].method, item[1].path]))


def _operation(
    key: tuple[str, str], raw: dict[str, Any], item: dict[str, Any], at: str, document: Document, reader: SchemaReader
) -> Operation:
    method, path = key
    names = _SEGMENT.findall(path)
    given = raw.get("operationId")
    identifier = given.strip() if isinstance(given, str) else ""
    has_id = bool(identifier)
    if given is not None and not has_id:
        document.malformed(f"{at}/operationId", "is not a name; one is made of method and path")
    parameters = _parameters(raw, item, at, names, document, reader)
    body = read_body(raw.get("requestBody"), f"{at}/requestBody", document, reader)
    if body is not None and method == "HEAD":
        document.note(f"{at}/requestBody", "a HEAD request has no body; left out")
        body = None
    tags = raw.get("tags")
    servers = raw.get("servers", item.get("servers"))
    if _dict(raw.get("callbacks")):
        document.note(f"{at}/callbacks", "callbacks are requests that the API sends; left out")
    return Operation(
        id=identifier,
        method=method,
        path=path,
        parameters=parameters,
        body=body,
        reply=read_reply(raw.get("responses"), f"{at}/responses", document, reader),
        tags=tuple(tag for tag in tags if isinstance(tag, str)) if isinstance(tags, list) else (),
        deprecated=raw.get("deprecated") is True,
        servers=read_servers(servers, f"{at}/servers", document),
        security=read_security(raw.get("security"), f"{at}/security", document),
        summary=_text(raw.get("summary")) or _text(item.get("summary")),
        description=_text(raw.get("description")) or _text(item.get("description")),
        has_id=has_id,
    )


def _parameters(
    raw: dict[str, Any], item: dict[str, Any], at: str, names: list[str], document: Document, reader: SchemaReader
) -> tuple[Parameter, ...]:
    found: dict[tuple[Place, str], Parameter] = {}
    for holder, place in ((item, at.rpartition("/")[0]), (raw, at)):
        listed = holder.get("parameters")
        if listed is not None and not isinstance(listed, list):
            document.malformed(f"{place}/parameters", "is not a list; left out")
            continue
        own: set[tuple[Place, str]] = set()
        for index, value in enumerate(listed or ()):
            parameter = _parameter(value, f"{place}/parameters/{index}", document, reader)
            if parameter is None:
                continue
            key = (parameter.place, parameter.name)
            if key in own:
                document.malformed(f"{place}/parameters/{index}", f"{parameter.place} has {parameter.name!r} twice")
                continue
            own.add(key)
            found[key] = parameter
    for key, parameter in list(found.items()):
        if parameter.place == "path" and parameter.name not in names:
            document.malformed(at, f"the path has no {{{parameter.name}}}, which is a path parameter; left out")
            del found[key]
    for name in names:
        if ("path", name) not in found:
            document.malformed(at, f"the path's {{{name}}} is not among the parameters; taken to be a text")
            found["path", name] = Parameter(
                name, "path", required=True, schema={"type": "string"}, style="simple", explode=False
            )
    in_path = [found["path", name] for name in names]
    return (*in_path, *(parameter for key, parameter in found.items() if key[0] != "path"))


def _keys(document: Document) -> set[tuple[str, str]]:
    """Give the places that carry API keys, each with its name in lower case: `("header", "x-key")`."""
    return {(scheme.place, scheme.parameter.lower()) for scheme in schemes_of(document).values()}


def _parameter(value: Any, place: str, document: Document, reader: SchemaReader) -> Parameter | None:
    raw, place = document.resolve(value, place)
    if raw is None and value is not None:
        return None
    if not isinstance(raw, dict):
        document.malformed(place, "is not a parameter; left out")
        return None
    name, where = raw.get("name"), raw.get("in")
    if not isinstance(name, str) or not name or where not in _PLACES:
        document.malformed(place, f"is a parameter without a name or with in: {str(where)[:20]!r}; left out")
        return None
    if where == "header" and name.lower() in _IGNORED_HEADERS:
        document.note(place, f"the header {name} belongs to the protocol, not to the arguments; left out")
        return None
    problem = header_problem(name) if where == "header" else ""
    if problem:
        document.note(place, f"the header {problem}; left out")
        return None
    if (where, name.lower()) in _keys(document):
        document.note(place, f"the {where} parameter {name!r} carries the API key, and no argument may; left out")
        return None
    content_type = ""
    schema: Any = {}
    if "schema" in raw:
        schema = reader.read(raw["schema"], f"{place}/schema")
    elif isinstance(raw.get("content"), dict) and raw["content"]:
        content_type = str(next(iter(raw["content"])))
        media = _dict(raw["content"][content_type])
        schema = reader.read(media.get("schema", {}), f"{place}/content/{pointer(content_type)[2:]}/schema")
    else:
        document.malformed(place, f"the parameter {name!r} has no schema; anything is taken to fit")
    style = raw.get("style", "simple" if where in ("path", "header") else "form")
    if style not in _STYLES[where]:
        document.malformed(
            place, f"the {where} parameter {name!r} has the style {str(style)[:30]!r}, which is none of its place"
        )
        style = _STYLES[where][0]
    if where == "path" and raw.get("required") is not True:
        document.malformed(place, f"the path parameter {name!r} is not required, which it has to be")
    if isinstance(schema, dict) and "examples" not in schema and "$ref" not in schema and "example" in raw:
        schema["examples"] = [raw["example"]]
    return Parameter(
        name=name,
        place=where,
        required=raw.get("required") is True or where == "path",
        schema=schema,
        style=style,
        explode=raw["explode"] if isinstance(raw.get("explode"), bool) else style == "form",
        deprecated=raw.get("deprecated") is True,
        description=_text(raw.get("description")),
        content_type=content_type,
        allow_reserved=raw.get("allowReserved") is True,
    )


def _tags(raw: Any) -> Iterator[tuple[str, str]]:
    for item in raw if isinstance(raw, list) else ():
        if isinstance(item, dict) and isinstance(item.get("name"), str):
            yield item["name"], _text(item.get("description"))


def _with_problems(upstream: Upstream, problems: list[DocumentProblem]) -> Upstream:
    """Add to each problem the operations that it affects."""
    users: dict[str, list[str]] = {}
    prefixes = {}
    is_needed = any(problem.place.startswith("#/components/schemas/") for problem in problems)
    for operation in upstream.operations.values():
        prefixes[pointer("paths", operation.path, operation.method.lower())] = operation.id
        for name in used_schemas(operation, upstream.schemas) if is_needed else ():
            users.setdefault(name, []).append(operation.id)
    told = []
    for problem in dict.fromkeys(problems):
        steps = problem.place.split("/")
        if steps[1:3] == ["components", "schemas"]:
            name = steps[3].replace("~1", "/").replace("~0", "~")
            told.append(replace(problem, operations=tuple(users.get(name, ()))))
        elif steps[1:2] == ["paths"] and "/".join(steps[:4]) in prefixes:
            told.append(replace(problem, operations=(prefixes["/".join(steps[:4])],)))
        else:
            told.append(problem)
    return replace(upstream, problems=tuple(told))


def used_schemas(operation: Operation, schemas: dict[str, Any], known: Container[str] = ()) -> set[str]:
    """Give the names of the schemas that an operation uses, directly or through others; `known` ones are left out."""
    pending: list[Any] = [parameter.schema for parameter in operation.parameters]
    pending += [media.schema for media in operation.body.media] if operation.body else []
    pending += [operation.reply.schema]
    seen: set[str] = set()
    while pending:
        value = pending.pop()
        if isinstance(value, dict):
            reference = value.get("$ref")
            if isinstance(reference, str) and reference.startswith(REF):
                name = ref_name(reference)
                if name not in seen and name not in known:
                    seen.add(name)
                    pending.append(schemas.get(name))
            pending.extend(value.values())
        elif isinstance(value, list):
            pending.extend(value)
    return seen


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str:
    return value.strip() if isinstance(value, str) else ""
