"""The skeleton of a tool: YAML with every key that the tool will need, and a `# review:` comment at every open end.

Owns the wording and the guesses: class, effects, arguments of the path, the sandbox's resource, the reply. The result
passes `toolgen validate`; `toolgen validate --strict` refuses the result until people have filled in the open ends. It
must not know about files.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tool_generator.check.sandbox_checks import VERBS
from tool_generator.check.sandbox_scopes import EVERY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tool_generator.load.spec import Spec

_PLACEHOLDER = re.compile(r"\{(\+?)([^{}]*)\}")
_BODILESS = ("GET", "HEAD", "DELETE")
_ACTIONS = {
    "create": ("create", "add", "make", "register", "buy", "import", "upload", "start", "send", "run"),
    "list": ("list", "search", "find", "query"),
    "get": ("get", "read", "fetch", "show", "check", "count", "preview"),
    "update": ("update", "change", "edit", "rename", "set", "patch", "enable", "disable"),
    "replace": ("replace", "put"),
    "delete": ("delete", "remove", "drop"),
}
_PREPOSITIONS = ("by", "for", "from", "of", "in", "on", "to", "with")
_READS = (*_ACTIONS["list"], *_ACTIONS["get"])


@dataclass(frozen=True, slots=True)
class Wish:
    """What the maintainer asked for. `pages` names a pagination style of api.yaml, for a list."""

    group: str
    name: str
    method: str
    path: str
    class_: str | None = None
    pages: str | None = None

    @property
    def verb(self) -> str:
        """The first word of the name: `delete_asset` -> `delete`."""
        return self.name.partition("_")[0]

    @property
    def placeholders(self) -> list[tuple[str, bool]]:
        """The names in the path, each with whether the name stands for a raw path."""
        return [(match[2], bool(match[1])) for match in _PLACEHOLDER.finditer(self.path)]

    @property
    def writes(self) -> bool:
        """Whether the tool is a write: as asked for, or else by method and name."""
        if self.class_ is not None:
            return self.class_ == "write"
        return not (self.pages or self.method in ("GET", "HEAD") or (self.method == "POST" and self.verb in _READS))


@dataclass(frozen=True, slots=True)
class Skeleton:
    """Two pieces of YAML without indentation: the tool, and the resource that the sandbox lacks (or None)."""

    tool: str
    resource: str | None
    resource_name: str


def skeleton(wish: Wish, spec: Spec) -> Skeleton:
    """Give the skeleton of a tool for a sound spec.

    Example: `things.delete_thing`, DELETE, `/things/{thing_id}` -> a write with the effect destroy, the argument
    thing_id, the resource thing with the action delete, and the status 204.
    """
    name, known = _resource(wish, spec)
    action = _action(wish)
    identity, sample = _identity(name, wish, spec)
    resource = None if known else "\n".join(_resource_lines(wish, name, identity))
    lines = [
        f"{wish.name}:",
        *_indented(_statements(wish)),
        *_indented(_parameters(wish, spec, identity, sample)),
        *_indented(_outcome(wish, spec, name, action)),
        *_indented(_example(wish, identity, sample)),
    ]
    return Skeleton("\n".join(lines), resource, name)


def _statements(wish: Wish) -> Iterator[str]:
    yield "# review: class is by meaning, not by method: does a call change anything?"
    yield f"class: {'write' if wish.writes else 'read'}"
    if wish.writes:
        yield "# review: effects, beside changing a record: dial, spend, publish, destroy. A tool"
        yield "# that dials needs numbers too, such as numbers: [$to_number]. Without effects, delete the line."
        yield f"effects: [{'destroy' if wish.method == 'DELETE' or wish.verb in _ACTIONS['delete'] else ''}]"
    yield f"method: {wish.method}"
    yield f"path: {_scalar(wish.path)}"
    yield "# review: one line in your own words: what the tool does, and what it costs or breaks."
    yield f"summary: {wish.name.replace('_', ' ').capitalize()}."
    yield "# review: what to know before calling the tool: units, limits, what to call next. Otherwise delete the line."
    yield "# description: …"


def _parameters(wish: Wish, spec: Spec, identity: str | None, sample: str) -> Iterator[str]:
    has_body = wish.method not in _BODILESS
    style: dict[str, Any] = spec.pagination[wish.pages].data if wish.pages else {}
    if not wish.placeholders and not has_body and not style:
        yield "# review: the arguments, such as"
        yield "# parameters:"
        yield "#   limit:"
        yield "#     in: query"
        yield "#     description: How many, 1 to 100. Default 20."
        yield "#     schema: {type: integer, minimum: 1, maximum: 100}"
        return
    if has_body and wish.writes:
        yield "# review: the fields of the body. Fields that a type in types/ has already: body: {$ref: TypeName}."
        if not wish.placeholders and not style:
            yield "# parameters:"
    if wish.placeholders or style:
        yield "parameters:"
    for name, raw in wish.placeholders:
        yield f"  {name}:"
        yield "    in: path"
        yield "    required: true"
        if raw:
            yield "    raw: true"
        yield "    # review: what the argument names, and which tool gives it."
        yield f"    description: The {name.replace('_', ' ')}."
        yield "    schema: {type: string}"
        yield f"    example: {_scalar(sample if name == identity else f'{name}_123')}"
    yield from _paging_arguments(wish, style)
    if has_body and wish.writes:
        mark = "  # " if wish.placeholders or style else "#   "
        for line in (
            "title:",
            "  in: body",
            "  required: true",
            "  description: What people see in lists, up to 80 characters.",
            "  schema: {type: string, minLength: 1, maxLength: 80}",
            "  example: Front desk",
        ):
            yield f"{mark}{line}"


def _paging_arguments(wish: Wish, style: dict[str, Any]) -> Iterator[str]:
    place = "query" if wish.method in _BODILESS else "body"
    for key, meaning, schema in (
        ("limit", "How many entries a page has.", "{type: integer, minimum: 1}"),
        ("cursor", "Where the page begins: what the page before gave; leave it out for the first page.", _STRING),
        ("page", "The number of the page.", "{type: integer, minimum: 0}"),
        ("offset", "How many entries to leave out at the front.", "{type: integer, minimum: 0}"),
    ):
        if key in style:
            yield f"  {style[key]}:"
            yield f"    in: {place}"
            yield f"    # review: limits and default of {style[key]}."
            yield f"    description: {_scalar(meaning)}"
            yield f"    schema: {schema}"


_STRING = "{type: string}"


def _outcome(wish: Wish, spec: Spec, resource: str, action: str) -> Iterator[str]:
    if wish.writes:
        yield "# review: where the answer of a write was lost, how does a caller find out? By a key that the"
        yield "# API takes (idempotency: {in: body, name: idempotency_key, life: 3600}) or by a read:"
        yield "# reconcile:"
        yield f"#   tool: {_reader(resource, spec)}"
        yield "#   with: {…: $…}"
        yield "#   note: The write happened if …"
    if wish.pages:
        yield f"pagination: {wish.pages}"
    yield "# review: status and type of the reply; a type that tools share stands in types/. No body: no schema."
    yield from _returns(wish, spec, resource, action)
    yield "# review: what the tool does to the records of the sandbox: an action of the resource in sandbox.yaml, or"
    yield f"# {', '.join(VERBS)}."
    yield f"resource: {{name: {resource}, action: {action}}}"


def _returns(wish: Wish, spec: Spec, resource: str, action: str) -> Iterator[str]:
    known = spec.resources.get(resource)
    type_name = known.data.get("type") if known is not None and known.whole else None
    record: Any = {"$ref": type_name} if type_name else {"type": "object"}
    if wish.pages:
        yield "returns:"
        yield "  status: 200"
        yield f"  schema: {_flow(_page(spec.pagination[wish.pages].data, record))}"
    elif action == "list":
        yield f"returns: {{status: 200, schema: {_flow({'type': 'array', 'items': record})}}}"
    elif action == "delete":
        yield "returns: {status: 204}"
    else:
        yield f"returns: {{status: {201 if action == 'create' else 200}, schema: {_flow(record)}}}"


def _page(style: dict[str, Any], row: Any) -> dict[str, Any]:
    """Give the schema of a page: `{items: rows, next: meta.cursor}` -> an object with rows, and meta with cursor."""
    page: dict[str, Any] = {"type": "object", "properties": {}}
    for key, schema in (
        ("items", {"type": "array", "items": row}),
        ("more", {"type": "boolean"}),
        ("next", {"type": "string"}),
    ):
        if not style.get(key):
            continue
        *parents, last = style[key].split(".")
        place = page
        for parent in parents:
            place = place["properties"].setdefault(parent, {"type": "object", "properties": {}})
        place["properties"][last] = schema
    return page if style.get("items") else {"type": "array", "items": row}


def _example(wish: Wish, identity: str | None, sample: str) -> Iterator[str]:
    arguments = {name: sample if name == identity else f"{name}_123" for name, _ in wish.placeholders}
    yield "# review: calls that work on the sandbox; a test runs each."
    yield "examples:"
    yield f"  - title: {wish.name.replace('_', ' ').capitalize()}"
    yield f"    arguments: {_flow(arguments)}"


def _resource(wish: Wish, spec: Spec) -> tuple[str, bool]:
    """Give the resource of the tool, and whether sandbox.yaml has it: by name, else the group's, else a new one."""
    kinds = [name for name in spec.resources if name != EVERY]
    words = wish.name.split("_")
    end = next((place for place, word in enumerate(words) if place > 1 and word in _PREPOSITIONS), len(words))
    # The last word says what it is: a call note is a note, and no call.
    noun = "_".join(words[1:end]) or words[0]
    for start in range(len(words[:end])):
        part = "_".join(words[start:end])
        for name in kinds:
            if name in (part, _singular(part)):
                return name, True
    used = Counter(
        tool.data["resource"]["name"]
        for tool in spec.tools.values()
        if tool.whole and tool.group == wish.group and "resource" in tool.data
    )
    lone = [name for name in used if name in kinds]
    return (lone[0], True) if len(lone) == 1 and len(words) == 1 else (_singular(noun), False)


def _resource_lines(wish: Wish, name: str, identity: str | None) -> Iterator[str]:
    yield f"# review: what the sandbox keeps under {name}: the type of the records, and records to try examples with."
    yield f"{name}:"
    if identity is not None:
        prefix = f"{name}_"
        yield f"  id: {{field: {identity}, prefix: {prefix}}}"
        yield "  # type: TypeName"
        yield "  examples:"
        yield f"    - {{{identity}: {prefix}123}}"
        return
    yield f"  id: {{field: {name}_id, prefix: {name}_}}"
    yield "  # type: TypeName"
    if not wish.writes:
        yield "  examples:"
        yield f"    - {{{name}_id: {name}_123}}"


def _identity(name: str, wish: Wish, spec: Spec) -> tuple[str | None, str]:
    """Give the argument that identifies the record, and an id that the sandbox knows."""
    known = spec.resources.get(name)
    names = [placeholder for placeholder, _ in wish.placeholders]
    if known is None:
        return (names[-1], f"{name}_123") if names else (None, "")
    declared = known.data.get("id") if known.whole else None
    field = declared.get("field") if isinstance(declared, dict) else declared
    last = str(field).rpartition(".")[2]
    chosen = last if last in names else names[-1] if names else None
    records = [*known.data.get("examples", ()), *known.data.get("records", ())] if known.whole else []
    sample = next((record[last] for record in records if isinstance(record.get(last), str)), f"{name}_123")
    return chosen, sample


def _action(wish: Wish) -> str:
    for action, verbs in _ACTIONS.items():
        if wish.verb in verbs and (action in ("list", "get")) != wish.writes:
            return "list" if wish.pages else action
    if not wish.writes:
        return "list" if wish.pages or not wish.placeholders else "get"
    by_method = {"DELETE": "delete", "PATCH": "update", "PUT": "replace"}
    return by_method.get(wish.method, "transition" if wish.placeholders else "create")


def _reader(resource: str, spec: Spec) -> str:
    """Name a read of the same resource, for the hint at reconcile."""
    found = (
        tool.name
        for tool in spec.tools.values()
        if tool.whole and tool.data["class"] == "read" and tool.data.get("resource", {}).get("name") == resource
    )
    return next(found, f"get_{resource}")


def _singular(noun: str) -> str:
    if noun.endswith("ies"):
        return f"{noun[:-3]}y"
    return noun.removesuffix("s") if not noun.endswith("ss") and len(noun) > 1 else noun


def _scalar(text: str) -> str:
    """Write a text as YAML: plain where that is safe, else in double quotes."""
    return text if re.fullmatch(r"[A-Za-z/][\w ./;,{}+-]*", text) and ": " not in text else json.dumps(text)


def _flow(value: Any) -> str:
    """Write a value on one line: `{"type": "array", "items": {}}` -> `{type: array, items: {}}`."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_flow(item)}" for key, item in value.items()) + "}"
    return value if isinstance(value, str) and re.fullmatch(r"[A-Za-z_]\w*", value) else json.dumps(value)


def _indented(lines: Iterator[str]) -> Iterator[str]:
    yield from (f"  {line}" for line in lines)
