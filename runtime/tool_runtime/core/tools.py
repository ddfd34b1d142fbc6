"""What a tool is: the entries of a registry as frozen dataclasses.

Owns the vocabulary that the runtime, the sandbox and every emitter of the generator share. A field has the name of
its key in `registry.json`, except where that key is a Python keyword or says less than the field (`in` is `place`,
`with` is `arguments`, `class` is `tool_class`). JSON Schemas and templates stay plain JSON. Knows no file and no call.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cache
from typing import Any, TypeVar

Schema = Mapping[str, Any]
Template = Any
Kind = TypeVar("Kind")

USUAL_SCHEME = "key"
"""The name of the one scheme of a registry that names none."""
WHOLE_BODY = frozenset({"whole_body", "raw_body"})
"""The places in which one argument is the whole body."""

_FIELD_OF_KEY = {"in": "place", "with": "arguments", "class": "tool_class", "from": "allowed", "as": "binds"}


@dataclass(frozen=True, slots=True, eq=False)
class Parameter:
    """One parameter of a tool. `place` is where the argument goes, `wire` the name there.

    `wire_required` says whether the API wants the field, where our callers must pass more (or less) than that: None is
    `required`.
    `spellings` are further names that callers may use. `friendly` is the schema of the forms that a `shape` accepts
    beside the wire form. `default` is documentation. `style` and `explode` say how a list or an object is written
    (`values.styles`); `reserved` leaves the characters that have a meaning in URLs as they are. `media_type` is that of
    one part of a multipart body. `encoding` names the one encoding of the body that can carry the argument.
    `needed_in_body`: without it, a body that may be left out cannot be sent.
    """

    name: str
    place: str
    schema: Schema
    wire: str
    description: str = ""
    required: bool = False
    wire_required: bool | None = None
    secret: bool = False
    raw: bool = False
    style: str = ""
    explode: bool = False
    reserved: bool = False
    media_type: str = ""
    encoding: str = ""
    needed_in_body: bool = False
    shape: Any = None
    friendly: Schema | None = None
    spellings: tuple[str, ...] = ()
    example: Any = None
    default: Any = None
    deprecated: bool = False
    given: frozenset[str] = frozenset()
    """The optional keys that the entry holds: tells an example of null from none."""

    @property
    def needed(self) -> bool:
        """Whether a request without the field is refused by the API."""
        return self.required if self.wire_required is None else self.wire_required

    @property
    def accepted(self) -> Schema:
        """The schema of what callers pass: the friendly forms where a shape has them, else the wire form."""
        return self.schema if self.friendly is None else self.friendly


@dataclass(frozen=True, slots=True)
class Constraint:
    """A rule over several arguments: `exactly_one`, `at_least_one`, `at_most_one` or `together`."""

    rule: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Idempotency:
    """The field that makes repeats of one call count as one. `life` is how many seconds the API remembers a key."""

    place: str
    name: str
    life: float | None = None


@dataclass(frozen=True, slots=True)
class Reconcile:
    """The read that finds out whether a write has happened; `arguments` are templates, `note` explains the answer."""

    tool: str
    note: str
    arguments: Mapping[str, Template] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Retry:
    """Where retries depart from what class and idempotency imply. `attempts` counts all of them."""

    attempts: int | None = None
    lost_answer: bool | None = None


@dataclass(frozen=True, slots=True)
class Undo:
    """The call that takes back what a step made."""

    tool: str
    arguments: Mapping[str, Template] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Step:
    """One call inside a composed tool. `when` names the argument without which the step is left out."""

    id: str
    tool: str
    when: str | None = None
    arguments: Mapping[str, Template] = field(default_factory=dict)
    set: Mapping[str, Template] = field(default_factory=dict)
    undo: Undo | None = None
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Steps:
    """The steps before and after a tool's own request."""

    before: tuple[Step, ...] = ()
    after: tuple[Step, ...] = ()

    def __len__(self) -> int:
        """Count the steps."""
        return len(self.before) + len(self.after)


@dataclass(frozen=True, slots=True)
class Returns:
    """What a successful reply holds. Without a schema a reply has no body.

    `content` is `json`, `text`, `bytes`, `events` or `location`: what a result is made of. `media_types` are those that
    the API declares; none means JSON alone.
    """

    status: int | None = None
    schema: Schema | None = None
    description: str = ""
    content: str = "json"
    media_types: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ResourceUse:
    """What a tool does to a resource of the sandbox."""

    action: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Example:
    """A call that works on the sandbox."""

    title: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True, slots=True, eq=False)
class Tool:
    """One entry of the registry. `names` maps every spelling of an argument to its parameter.

    `body` is None, `json`, `form`, `multipart` or `raw`; with `takes_whole_body` one argument is the body. Where an
    argument asks for it, the body is written in `other_encoding` instead. `media_type` is that of the body, where it is
    not the usual one of its encoding. `optional_body`: a call without a body argument sends none. `numbers` are
    templates of the phone numbers that a call makes ring. `keywords` are words that people use for what the tool
    does. `key_parameter` is the argument that holds the idempotency
    key. `security` lists alternatives of schemes that apply together; None means the registry's own, `()` none.
    `server` names a server of the registry, where it is not the usual one. `plain_body` gives the wire name of each
    argument that becomes one field of the body, by itself and as it is.
    """

    name: str
    tool_class: str
    method: str
    path: str
    parameters: Mapping[str, Parameter]
    names: Mapping[str, Parameter] = field(repr=False)
    full_name: str = ""
    group: str = ""
    summary: str = ""
    description: str = ""
    upstream: str | None = None
    aliases: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    effects: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    constraints: tuple[Constraint, ...] = ()
    body: str | None = None
    other_encoding: str = ""
    media_type: str = ""
    optional_body: bool = False
    security: tuple[tuple[str, ...], ...] | None = None
    server: str = ""
    idempotency: Idempotency | None = None
    reconcile: Reconcile | None = None
    retry: Retry = Retry()
    timeout: float | None = None
    pagination: str | None = None
    steps: Steps = Steps()
    returns: Returns = Returns()
    resource: ResourceUse | None = None
    deprecated: bool = False
    sunset: str | None = None
    replaced_by: str | None = None
    examples: tuple[Example, ...] = ()
    takes_whole_body: bool = False
    key_parameter: str | None = None
    plain_body: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def is_read(self) -> bool:
        """Whether the tool changes nothing, by meaning and not by HTTP verb."""
        return self.tool_class == "read"


@dataclass(frozen=True, slots=True)
class PageStyle:
    """How a list is cut into pages. `items`, `more` and `next` are paths in the reply; the others name arguments."""

    items: str
    more: str | None = None
    next: str | None = None
    cursor: str | None = None
    limit: str | None = None
    page: str | None = None
    start: int = 1
    offset: str | None = None
    first_page_only: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition on a reply: the value at `field` is one of `values`, or is there and not null (`present`)."""

    field: str
    values: tuple[Any, ...] = ()
    present: bool | None = None


@dataclass(frozen=True, slots=True)
class Waiter:
    """A read that is repeated until a state is there. `interval` and `timeout` are seconds."""

    name: str
    tool: str
    summary: str
    interval: float
    timeout: float
    until: tuple[Condition, ...]
    fail: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True)
class SyncKind:
    """A kind of records that people keep as files: the tools that read and write a record, and what names it.

    `id` is the field of a record and the argument that names the record. `list_with` are the arguments of `list`.
    `texts` are the dotted paths of long texts, each of which is a file of its own; `*` stands for every item of a list.
    """

    name: str
    summary: str
    id: str
    list: str
    get: str
    update: str
    create: str | None = None
    list_with: Mapping[str, Any] = field(default_factory=dict)
    texts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Group:
    """A group of tools, in the order of the reference."""

    name: str
    title: str = ""
    summary: str = ""
    tools: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Api:
    """The identity of an API: package, slug in file names, command, distribution, prefix of environment variables."""

    name: str
    slug: str
    title: str = ""
    version: str = "0"
    summary: str = ""
    description: str = ""
    command: str = ""
    distribution: str = ""
    environment: str = ""
    documentation: str = ""
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Server:
    """Where the API is. `strip` lists path endings of older configurations that mean the root.

    `others` are further servers by name, for tools that name one.
    """

    base_url: str
    strip: tuple[str, ...] = ()
    others: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Auth:
    """Where a key goes: into a header, a query parameter or a cookie, behind a prefix.

    `scheme` is the name of the scheme. `basic`: the key is `user:password`, and is sent in base64.
    """

    place: str
    name: str
    prefix: str = ""
    scheme: str = ""
    basic: bool = False

    @property
    def header(self) -> str:
        """The header that carries the key; empty where the key travels in the query."""
        return self.name if self.place == "header" else ""


def read_entry(kind: type[Kind], entry: Mapping[str, Any], **values: Any) -> Kind:
    """Make a dataclass of a registry entry; `values` are the fields that need reading of their own.

    Example: `read_entry(Idempotency, {"in": "body", "name": "key"})` is `Idempotency(place="body", name="key")`.
    """
    known = _fields(kind)  # type: ignore[arg-type]  # a class is hashable
    for key, value in entry.items():
        name = _FIELD_OF_KEY.get(key, key)
        if name in known:
            values.setdefault(name, tuple(value) if type(value) is list else value)
    return kind(**values)


@cache
def _fields(kind: Any) -> frozenset[str]:
    return frozenset(part.name for part in fields(kind))


def read_tool(name: str, entry: Mapping[str, Any]) -> Tool:
    """Make a `Tool` of its registry entry."""
    parameters = {key: read_parameter(key, value) for key, value in entry["parameters"].items()}
    names = dict(parameters)
    for parameter in parameters.values():
        for spelling in parameter.spellings:
            names.setdefault(spelling, parameter)
    values: dict[str, Any] = {"name": name, "parameters": parameters, "names": names}
    for key, kind in (("idempotency", Idempotency), ("reconcile", Reconcile), ("retry", Retry), ("returns", Returns)):
        if entry.get(key) is not None:
            values[key] = read_entry(kind, entry[key])
    if entry.get("resource"):
        values["resource"] = read_entry(ResourceUse, entry["resource"])
    if entry.get("steps"):
        values["steps"] = Steps(*(tuple(map(_read_step, entry["steps"].get(key, ()))) for key in ("before", "after")))
    values["constraints"] = tuple(
        Constraint(rule, tuple(over)) for one in entry.get("constraints", ()) for rule, over in one.items()
    )
    idempotency: Idempotency | None = values.get("idempotency")
    if idempotency is not None:
        places = [(parameter.place, parameter.wire) for parameter in parameters.values()]
        where = (idempotency.place, idempotency.name)
        values["key_parameter"] = list(parameters)[places.index(where)] if where in places else None
    if entry.get("security") is not None:
        values["security"] = tuple(tuple(together) for together in entry["security"])
    values["takes_whole_body"] = any(parameter.place in WHOLE_BODY for parameter in parameters.values())
    wires = [parameter.wire for parameter in parameters.values() if parameter.place == "body"]
    values["plain_body"] = {
        name: parameter.wire
        for name, parameter in parameters.items()
        if parameter.place == "body"
        and wires.count(parameter.wire) == 1
        and not (parameter.style or parameter.media_type or parameter.encoding)
    }
    values["examples"] = tuple(read_entry(Example, one) for one in entry.get("examples", ()))
    return read_entry(Tool, entry, **values)


def read_security(entry: Mapping[str, Any]) -> tuple[dict[str, Auth], tuple[tuple[str, ...], ...]]:
    """Give the schemes of a registry by name, and the alternatives that hold for tools without their own.

    `{"in": "header", "name": "X-Key"}` -> `{"key": Auth("header", "X-Key", scheme="key")}, (("key",),)`
    """
    if "schemes" not in entry:
        return {USUAL_SCHEME: read_entry(Auth, entry, scheme=USUAL_SCHEME)}, ((USUAL_SCHEME,),)
    schemes = {name: read_entry(Auth, scheme, scheme=name) for name, scheme in entry["schemes"].items()}
    return schemes, tuple(tuple(together) for together in entry.get("use", ()))


def read_parameter(name: str, entry: Mapping[str, Any]) -> Parameter:
    """Make a `Parameter` of its registry entry."""
    schema = entry["schema"]
    secret = entry.get("secret", False) or (isinstance(schema, Mapping) and schema.get("secret", False))
    values: dict[str, Any] = {"wire": entry.get("wire", name), "secret": secret, "given": frozenset(entry)}
    # These two are JSON of callers: a list in them stays a list.
    values |= {key: entry[key] for key in ("example", "default") if key in entry}
    return read_entry(Parameter, entry, name=name, **values)


def _read_step(entry: Mapping[str, Any]) -> Step:
    undo = read_entry(Undo, entry["undo"]) if entry.get("undo") else None
    return read_entry(Step, entry, undo=undo)


def read_waiter(name: str, entry: Mapping[str, Any]) -> Waiter:
    """Make a `Waiter` of its registry entry."""
    until, fail = (
        tuple(Condition(one["field"], tuple(one.get("in", ())), one.get("present")) for one in entry.get(key, ()))
        for key in ("until", "fail")
    )
    return read_entry(Waiter, entry, name=name, until=until, fail=fail)


def read_sync_kind(name: str, entry: Mapping[str, Any]) -> SyncKind:
    """Make a `SyncKind` of its registry entry."""
    listing = entry["list"]
    return read_entry(SyncKind, entry, name=name, list=listing["tool"], list_with=listing.get("with", {}))
