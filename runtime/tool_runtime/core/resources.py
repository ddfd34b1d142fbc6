"""Resources: what a registry declares of the records that a sandbox keeps, as frozen dataclasses.

Templates, conditions and schemas stay plain JSON. What a declaration means is the sandbox's business; here is only its
form. A field has the name of its key, except `from` (`allowed`) and `as` (`binds`), which are words of Python.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tool_runtime.core.tools import Template, read_entry

Templates = Mapping[str, Template]
EVERY = "*"
"""The name under `resources` that holds what is true of the whole API."""


@dataclass(frozen=True, slots=True)
class Refused:
    """How the API says no: a status and a message; None means the usual one."""

    status: int | None = None
    message: Template = None


@dataclass(frozen=True, slots=True, eq=False)
class Reference:
    """A field that names a record of another resource. `binds` is the name under which templates see that record."""

    resource: str
    id: Template
    binds: str | None = None
    required: bool = False
    status: int | None = None
    message: Template = "There is no ${resource} ${id}."


@dataclass(frozen=True, slots=True, eq=False)
class Limit:
    """How many records that meet `when` there may be."""

    most: Template
    when: Mapping[str, Any] = field(default_factory=dict)
    status: int = 429
    retry_after: int | None = None
    message: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Demand:
    """A text that a value of the request has to match, unless the template `unless` is true."""

    value: Template
    matches: str
    unless: Template = False
    status: int = 400
    message: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Use:
    """Records that forbid a deletion as long as they name the record at `path`."""

    resource: str
    path: str
    unless: Template = False
    status: int = 409
    message: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Total:
    """Where a list tells how many entries all pages have, and when."""

    field: str
    when: Template = True


@dataclass(frozen=True, slots=True, eq=False)
class Filter:
    """Where a filter of a list looks, where its name is not simply the path in the record."""

    path: str | None = None
    search: tuple[str, ...] = ()
    some_in: str | None = None
    any_of: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class PageSize:
    """How many entries a page has, and how many a request may ask for."""

    default: int = 50
    maximum: int = 1000


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """A change that a record goes through by itself, `after` seconds from when it meets `when`."""

    set: Any
    when: Mapping[str, Any] = field(default_factory=dict)
    after: float = 0


@dataclass(frozen=True, slots=True, eq=False)
class Action:
    """What one kind of request does to a resource. `does` is the verb, where that is not the action's own name."""

    does: str | None = None
    id: Template = None
    match: Templates = field(default_factory=dict)
    missing: Refused = Refused()
    required: tuple[str, ...] = ()
    removed: Mapping[str, str] = field(default_factory=dict)
    demands: tuple[Demand, ...] = ()
    references: tuple[Reference, ...] = ()
    limit: Limit | None = None
    allowed: Mapping[str, Any] = field(default_factory=dict)
    refused: Refused = Refused()
    taken: Refused = Refused()
    idempotency_seconds: float = 3600
    defaults: Templates = field(default_factory=dict)
    set: Any = field(default_factory=dict)
    in_use: tuple[Use, ...] = ()
    filter_in: str | None = None
    filters: Mapping[str, Filter] = field(default_factory=dict)
    where: Templates = field(default_factory=dict)
    order: Template = "descending"
    skip: Template = 0
    total: Total | None = None
    items: str | None = None
    page_size: PageSize | None = None
    reply: Templates = field(default_factory=dict)
    answer: Template = None


@dataclass(frozen=True, slots=True, eq=False)
class Resource:
    """One kind of record. `id_field` is the dotted path of a record's id; None where there is one record only."""

    name: str
    id_field: str | None = None
    prefix: str = ""
    type: str | None = None
    keep: tuple[str, ...] = ()
    defaults: Templates = field(default_factory=dict)
    set: Any = field(default_factory=dict)
    stamp: Templates = field(default_factory=dict)
    references: tuple[Reference, ...] = ()
    limit: Limit | None = None
    missing: Refused = Refused()
    changes: Mapping[str, Templates] = field(default_factory=dict)
    lifecycle: tuple[Rule, ...] = ()
    actions: Mapping[str, Action] = field(default_factory=dict)
    records: tuple[Mapping[str, Any], ...] = ()
    examples: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Manners:
    """What is true of the whole API: how it says no, and how large its pages are."""

    error_body: Template = None
    messages: Mapping[str, str] = field(default_factory=dict)
    wrong_method: int = 404
    missing: Refused = Refused()
    page_size: PageSize = PageSize()


def read_resource(name: str, entry: Mapping[str, Any]) -> Resource:
    """Make a `Resource` of its registry entry."""
    identity = entry.get("id", {})
    identity = {"field": identity} if isinstance(identity, str) else identity
    return read_entry(
        Resource,
        entry,
        name=name,
        id_field=identity.get("field"),
        prefix=identity.get("prefix", f"{name}_"),
        references=_list(Reference, entry, "references"),
        limit=read_entry(Limit, entry["limit"]) if "limit" in entry else None,
        missing=read_entry(Refused, entry.get("missing", {})),
        lifecycle=_list(Rule, entry, "lifecycle"),
        actions={verb: _read_action(action) for verb, action in entry.get("actions", {}).items()},
    )


def read_manners(entry: Mapping[str, Any]) -> Manners:
    """Make the `Manners` of an API of what the registry holds under `*`."""
    missing, size = read_entry(Refused, entry.get("missing", {})), read_entry(PageSize, entry.get("page_size", {}))
    return read_entry(Manners, entry, missing=missing, page_size=size)


def _read_action(entry: Mapping[str, Any]) -> Action:
    return read_entry(
        Action,
        entry,
        demands=_list(Demand, entry, "demands"),
        references=_list(Reference, entry, "references"),
        in_use=_list(Use, entry, "in_use"),
        filters={name: read_entry(Filter, one) for name, one in entry.get("filters", {}).items()},
        **{key: read_entry(Refused, entry.get(key, {})) for key in ("missing", "refused", "taken")},
        **{
            key: read_entry(kind, entry[key]) if key in entry else None
            for key, kind in (("limit", Limit), ("total", Total), ("page_size", PageSize))
        },
    )


def _list(kind: type, entry: Mapping[str, Any], key: str) -> tuple[Any, ...]:
    return tuple(read_entry(kind, one) for one in entry.get(key, ()))
