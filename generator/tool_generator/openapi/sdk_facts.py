"""An OpenAPI document of the facts in an installed SDK, for APIs that publish their SDK more often than their document.

Reads the widespread generated kind: resources whose methods call `self._post(path, body=…, options=…)`, parameters as
TypedDicts, replies as models. The files are parsed, and no line of them is run. What an SDK does not say stays open:
statuses are `2XX`, operations have no id, and a field of a reply that may be None is one that may be absent. The
sentences of the SDK are left out. This module must not know specs or tools.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tool_generator.openapi.naming import camel_case

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_VERBS = {"_get": "get", "_post": "post", "_put": "put", "_patch": "patch", "_delete": "delete"}
_PLAIN = {
    "str": {"type": "string"},
    "int": {"type": "integer"},
    "float": {"type": "number"},
    "bool": {"type": "boolean"},
    "None": {"type": "null"},
    "datetime": {"type": "string", "format": "date-time"},
    "date": {"type": "string", "format": "date"},
    "FileTypes": {"type": "string", "format": "binary"},
}
_LISTS = {"List", "list", "Iterable", "Sequence", "SequenceNotStr"}
_MAPS = {"Dict", "dict", "Mapping"}
_UNWRAPPED = {"Required", "Annotated", "NotRequired"}
_BASES = {"BaseModel", "TypedDict", "object", "GenericModel", "Generic"}


class NoSuchSdk(Exception):
    """The folder is no SDK of the kind that this module reads; the message says why."""


@dataclass(slots=True)
class _Module:
    """One file of the SDK: its classes and aliases, and where the names come from that it imports."""

    name: str
    classes: dict[str, ast.ClassDef] = field(default_factory=dict)
    aliases: dict[str, ast.expr] = field(default_factory=dict)
    imports: dict[str, tuple[str, str]] = field(default_factory=dict)


def sdk_document(package: Path) -> dict[str, Any]:
    """Give the document of an installed SDK; `package` is its folder. Raises NoSuchSdk."""
    if not (package / "resources").is_dir() or not (package / "types").is_dir():
        message = f"{package} has no folders resources and types: it is no SDK of the kind that can be read"
        raise NoSuchSdk(message)
    reader = _Reader(package)
    paths: dict[str, dict[str, Any]] = {}
    for path, verb, operation in reader.operations():
        paths.setdefault(path, {}).setdefault(verb, operation)
    if not paths:
        message = f"{package}: no method of its resources makes a request that can be read"
        raise NoSuchSdk(message)
    return {
        "openapi": "3.1.0",
        "info": {"title": camel_case(package.name), "version": _version(package)},
        "servers": [{"url": url} for url in _servers(package)],
        "paths": {path: paths[path] for path in sorted(paths)},
        "components": {"schemas": dict(sorted(reader.schemas.items()))},
    }


def _version(package: Path) -> str:
    text = (package / "_version.py").read_text(encoding="utf-8") if (package / "_version.py").is_file() else ""
    for node in ast.parse(text).body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Constant):
            value = node.value.value
            if isinstance(value, str) and value[:1].isdigit():
                return value
    return "0"


def _servers(package: Path) -> Iterator[str]:
    """Yield the URL that clients fall back to."""
    client = package / "_client.py"
    if not client.is_file():
        return
    for node in ast.walk(ast.parse(client.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "base_url":
            text = _path(node.value) if isinstance(node.value, ast.Constant | ast.JoinedStr) else None
            if text is not None and text.startswith("https://"):
                yield text
                return


class _Reader:
    """Reads one SDK. `schemas` collects the components that operations use."""

    def __init__(self, package: Path) -> None:
        self._root = package
        self._modules: dict[str, _Module] = {}
        self._names: dict[tuple[str, str], str] = {}
        self.schemas: dict[str, Any] = {}

    def operations(self) -> Iterator[tuple[str, str, dict[str, Any]]]:
        """Yield path, verb and operation of every method that makes a request."""
        for file in sorted((self._root / "resources").rglob("*.py")):
            module = self._module(self._dotted(file))
            for class_ in module.classes.values():
                if any(getattr(base, "id", "") == "SyncAPIResource" for base in class_.bases):
                    for method in class_.body:
                        if isinstance(method, ast.FunctionDef):
                            yield from self._requests(method, module)

    def _dotted(self, file: Path) -> str:
        parts = file.relative_to(self._root).with_suffix("").parts
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    def _module(self, name: str) -> _Module:
        if name in self._modules:
            return self._modules[name]
        module = self._modules[name] = _Module(name)
        base = self._root.joinpath(*name.split(".")) if name else self._root
        is_package = not base.with_suffix(".py").is_file() and (base / "__init__.py").is_file()
        file = base / "__init__.py" if is_package else base.with_suffix(".py")
        if not file.is_file():
            return module
        here = name.split(".") if name else []
        for node in ast.parse(file.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef):
                module.classes[node.name] = node
            elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value is not None:
                module.aliases[node.target.id] = node.value
            elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                module.aliases[node.targets[0].id] = node.value
            elif isinstance(node, ast.ImportFrom) and node.level:
                up = here if is_package else here[:-1]
                origin = up[: len(up) - node.level + 1] + (node.module.split(".") if node.module else [])
                for alias in node.names:
                    module.imports[alias.asname or alias.name] = (".".join(origin), alias.name)
        return module

    def _requests(self, method: ast.FunctionDef, module: _Module) -> Iterator[tuple[str, str, dict[str, Any]]]:
        for node in ast.walk(method):
            verb = _verb(node)
            if verb is None or not isinstance(node, ast.Call) or not node.args:
                continue
            path = _path(node.args[0])
            if path is not None:
                words = {keyword.arg: keyword.value for keyword in node.keywords if keyword.arg}
                yield path, verb, self._operation(path, method, words, module)

    def _operation(
        self, path: str, method: ast.FunctionDef, words: dict[str, ast.expr], module: _Module
    ) -> dict[str, Any]:
        arguments = {one.arg: one.annotation for one in [*method.args.args, *method.args.kwonlyargs]}
        parameters: list[dict[str, Any]] = []
        for name in [part.partition("}")[0] for part in path.split("{")[1:]]:
            annotation = arguments.get(name)
            schema = {"type": "string"} if annotation is None else self._schema(annotation, module)
            parameters.append({"name": name, "in": "path", "required": True, "schema": schema})
        options = words.get("options")
        for keyword in options.keywords if isinstance(options, ast.Call) else ():
            if keyword.arg == "query":
                parameters += self._query(keyword.value, method, module)
        operation: dict[str, Any] = {"parameters": parameters} if parameters else {}
        if "body" in words:
            schema = self._params(words["body"], method, module)
            kind = "multipart/form-data" if "files" in words else "application/json"
            operation["requestBody"] = {"required": True, "content": {kind: {"schema": schema}}}
        reply = words.get("cast_to")
        response: dict[str, Any] = {"description": ""}
        if reply is not None and getattr(reply, "id", "") != "NoneType":
            schema = self._schema(_cast(reply), module, in_reply=True)
            response["content"] = {"application/json": {"schema": schema}}
        operation["responses"] = {"2XX": response}
        return operation

    def _query(self, value: ast.expr, method: ast.FunctionDef, module: _Module) -> Iterator[dict[str, Any]]:
        schema = self._params(value, method, module)
        known = self.schemas.get(schema.get("$ref", "").rpartition("/")[2], schema)
        for name, item in known.get("properties", {}).items():
            required = {"required": True} if name in known.get("required", ()) else {}
            yield {"name": name, "in": "query", **required, "schema": item}

    def _params(self, value: ast.expr, method: ast.FunctionDef, module: _Module) -> dict[str, Any]:
        """Give the schema of `maybe_transform(values, module.Params)`; any object where there is no type.

        One TypedDict holds what goes to the query and to the body, so only the fields among the values count.
        """
        values, annotation, *_ = [*value.args, None, None] if isinstance(value, ast.Call) else (None, None)
        if values is None or annotation is None:
            return {"type": "object"}
        schema = self._schema(annotation, module)
        known = self.schemas.get(schema.get("$ref", "").rpartition("/")[2], schema)
        sent = _keys(values, method)
        if sent is None or "properties" not in known or len(sent) >= len(known["properties"]):
            return schema
        # Values are given by the name in Python, which an alias may differ from, so they go by their place.
        names = self._python_names(annotation, module)
        fields = {wire: item for wire, item in known["properties"].items() if names.get(wire, wire) in sent}
        required = [wire for wire in known.get("required", ()) if wire in fields]
        return {"type": "object", "properties": fields, **({"required": required} if required else {})}

    def _python_names(self, annotation: ast.expr, module: _Module) -> dict[str, str]:
        """Give the Python name of every wire name of a TypedDict."""
        found = self._find(_text(annotation), module)
        if found is None or found[1] not in found[0].classes:
            return {}
        items = [item for item in found[0].classes[found[1]].body if isinstance(item, ast.AnnAssign)]
        return {_wire(item)[0]: _text(item.target) for item in items}

    def _schema(self, annotation: ast.expr, module: _Module, *, in_reply: bool = False) -> dict[str, Any]:
        """Give the schema of an annotation: `Optional[List[str]]` is an array of strings, or null."""
        if isinstance(annotation, ast.Constant):
            if isinstance(annotation.value, str):
                return self._schema(ast.parse(annotation.value, mode="eval").body, module, in_reply=in_reply)
            return {"type": "null"} if annotation.value is None else {}
        if isinstance(annotation, ast.BinOp):
            return self._union(_members(annotation), module, in_reply=in_reply)
        if isinstance(annotation, ast.Subscript):
            return self._generic(annotation, module, in_reply=in_reply)
        name = _text(annotation).rpartition(".")[2]
        if name in _PLAIN:
            return dict(_PLAIN[name])
        if name in _LISTS:
            return {"type": "array"}
        if name in _MAPS:
            return {"type": "object"}
        return self._named(annotation, module, in_reply=in_reply)

    def _generic(self, annotation: ast.Subscript, module: _Module, *, in_reply: bool) -> dict[str, Any]:
        name = _text(annotation.value).rpartition(".")[2]
        given = annotation.slice
        inner = list(given.elts) if isinstance(given, ast.Tuple) else [given]
        if name == "Literal":
            values = [item.value for item in inner if isinstance(item, ast.Constant)]
            kinds = {bool: "boolean", int: "integer", str: "string", float: "number"}
            types = list(dict.fromkeys(kinds[type(value)] for value in values if type(value) in kinds))
            return {"type": types[0] if len(types) == 1 else types, "enum": values}
        if name in _UNWRAPPED:
            return self._schema(inner[0], module, in_reply=in_reply)
        if name == "Optional":
            return self._union([inner[0], ast.Constant(None)], module, in_reply=in_reply)
        if name == "Union":
            return self._union(inner, module, in_reply=in_reply)
        if name in _LISTS:
            return {"type": "array", "items": self._schema(inner[0], module, in_reply=in_reply)}
        if name in _MAPS:
            items = self._schema(inner[-1], module, in_reply=in_reply)
            return {"type": "object", **({"additionalProperties": items} if items else {})}
        return {}

    def _union(self, members: list[ast.expr], module: _Module, *, in_reply: bool) -> dict[str, Any]:
        kept = [item for item in members if _text(item) not in ("Omit", "NotGiven")]
        options = [self._schema(item, module, in_reply=in_reply) for item in kept]
        unique = [item for index, item in enumerate(options) if item not in options[:index]]
        return unique[0] if len(unique) == 1 else {"anyOf": unique}

    def _named(self, annotation: ast.expr, module: _Module, *, in_reply: bool) -> dict[str, Any]:
        found = self._find(_text(annotation), module)
        if found is None:
            return {}
        home, name = found
        if name in home.classes:
            return {"$ref": f"#/components/schemas/{self._component(home, name, in_reply=in_reply)}"}
        return self._schema(home.aliases[name], home, in_reply=in_reply)

    def _find(self, text: str, module: _Module) -> tuple[_Module, str] | None:
        """Give the module that defines a name, whatever way it is imported: `agent_create_params.AgentCreateParams`."""
        first, _, rest = text.partition(".")
        seen: set[tuple[str, str]] = set()
        while (module.name, first) not in seen:
            seen.add((module.name, first))
            if not rest and (first in module.classes or first in module.aliases):
                return module, first
            if first not in module.imports:
                return None
            origin, name = module.imports[first]
            inner = self._module(f"{origin}.{name}".strip("."))
            if rest and (inner.classes or inner.aliases or inner.imports):
                module, (first, _, rest) = inner, rest.partition(".")
            else:
                module, first = self._module(origin), name
        return None

    def _component(self, module: _Module, name: str, *, in_reply: bool) -> str:
        key = (module.name, name)
        if key in self._names:
            return self._names[key]
        spelled = camel_case(name)
        if spelled in self.schemas:
            spelled = camel_case(f"{module.name.rpartition('.')[2]} {name}")
        count = 1
        while spelled in self.schemas:
            count += 1
            spelled = f"{camel_case(name)}{count}"
        self._names[key] = spelled
        self.schemas[spelled] = {}
        self.schemas[spelled] = self._class(module.classes[name], module, in_reply=in_reply)
        return spelled

    def _class(self, node: ast.ClassDef, module: _Module, *, in_reply: bool) -> dict[str, Any]:
        is_total = not any(keyword.arg == "total" for keyword in node.keywords)
        is_typed_dict = any(_text(base).endswith("TypedDict") for base in node.bases) or not is_total
        bases = [base for base in node.bases if _text(base).rpartition(".")[2] not in _BASES]
        properties: dict[str, Any] = {}
        required: list[str] = []
        for item in node.body:
            if not isinstance(item, ast.AnnAssign) or not isinstance(item.target, ast.Name):
                continue
            if _text(item.target).startswith("__") or "ClassVar" in ast.dump(item.annotation):
                continue
            wire, annotation = _wire(item)
            may_lack = not is_typed_dict and _has_default(item.value)
            # A field of a reply that may be None: absent and null look alike in an SDK.
            annotation = _without_none(annotation) if may_lack else annotation
            properties[wire] = self._schema(annotation, module, in_reply=in_reply)
            if (is_typed_dict and (_is_required(item.annotation) or is_total)) or (not is_typed_dict and not may_lack):
                required.append(wire)
        schema: dict[str, Any] = {"type": "object", "properties": properties}
        if required:
            schema["required"] = required
        parents = [self._schema(base, module, in_reply=in_reply) for base in bases]
        parents = [parent for parent in parents if "$ref" in parent]
        return {"allOf": [*parents, schema]} if parents else schema


def _has_default(value: ast.expr | None) -> bool:
    """Whether a field of a model may be left out: it has a value that is more than `FieldInfo(alias=…)`."""
    if isinstance(value, ast.Call):
        return bool(value.args) or any(keyword.arg in ("default", "default_factory") for keyword in value.keywords)
    return value is not None


def _without_none(annotation: ast.expr) -> ast.expr:
    """Give `X` of `Optional[X]`, and the union of the others of `Union[X, Y, None]`."""
    if not isinstance(annotation, ast.Subscript):
        return annotation
    name = _text(annotation.value)
    if name in _UNWRAPPED:
        return _without_none(_first(annotation))
    if name == "Optional":
        return annotation.slice
    if name == "Union" and isinstance(annotation.slice, ast.Tuple):
        kept = [item for item in annotation.slice.elts if not (isinstance(item, ast.Constant) and item.value is None)]
        return ast.Subscript(annotation.value, ast.Tuple(kept, ast.Load()), ast.Load())
    return annotation


def _keys(values: ast.expr, method: ast.FunctionDef) -> set[str] | None:
    """Give the keys of a dict that a method writes out, or of the variable it put the dict in; None if unknown."""
    if isinstance(values, ast.Name):
        given = [
            node.value
            for node in ast.walk(method)
            if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == values.id
        ]
        return _keys(given[0], method) if given and not isinstance(given[0], ast.Name) else None
    if isinstance(values, ast.Call) and values.args:
        return _keys(values.args[0], method)
    if not isinstance(values, ast.Dict):
        return None
    return {str(key.value) for key in values.keys if isinstance(key, ast.Constant)}


def _verb(node: ast.AST) -> str | None:
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return None
    return _VERBS.get(node.func.attr) if getattr(node.func.value, "id", "") == "self" else None


def _path(node: ast.expr) -> str | None:
    """Give a path template: of a text, an f-string, or a call that fills in a template."""
    if isinstance(node, ast.Call) and node.args:
        return _path(node.args[0])
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(
            str(part.value) if isinstance(part, ast.Constant) else "{" + _text(getattr(part, "value", part)) + "}"
            for part in node.values
        )
    return None


def _cast(node: ast.expr) -> ast.expr:
    """Give the type in `cast_to=cast(Any, Reply)`, or the type itself."""
    if isinstance(node, ast.Call) and len(node.args) > 1:
        inner = node.args[1]
        return _cast(inner)
    if isinstance(node, ast.Subscript) and _text(node.value).endswith("Wrapper"):
        return node.slice
    return node


def _members(node: ast.expr) -> list[ast.expr]:
    return [*_members(node.left), *_members(node.right)] if isinstance(node, ast.BinOp) else [node]


def _is_required(annotation: ast.expr) -> bool:
    return isinstance(annotation, ast.Subscript) and (
        _text(annotation.value) == "Required"
        or (_text(annotation.value) == "Annotated" and _is_required(_first(annotation)))
    )


def _first(annotation: ast.Subscript) -> ast.expr:
    return annotation.slice.elts[0] if isinstance(annotation.slice, ast.Tuple) else annotation.slice


def _wire(item: ast.AnnAssign) -> tuple[str, ast.expr]:
    """Give the name of a field on the wire, which an alias may state, and its annotation."""
    annotation, name = item.annotation, _text(item.target)
    for node in [*ast.walk(annotation), *(ast.walk(item.value) if item.value is not None else ())]:
        if isinstance(node, ast.Call):
            for keyword in node.keywords:
                if keyword.arg == "alias" and isinstance(keyword.value, ast.Constant):
                    return str(keyword.value.value), annotation
    return name, annotation


def _text(node: ast.AST) -> str:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{_text(node.value)}.{node.attr}"
    return ast.unparse(node) if isinstance(node, ast.expr) else ""
