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
    """A field that names a record of another resource. `binds` is the name under which templates see that record.

    `version` is the version of the record that is meant; a record that has not the fields of `match` is no such record.
    A reference with a `value` names no record: it binds the value, filled once for all templates that use the name.
    """

    resource: str = ""
    id: Template = None
    value: Template = None
    binds: str | None = None
    match: Templates = field(default_factory=dict)
    version: Template = None
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
    """What a value of the request has to match as a text, or to equal, unless the template `unless` is true.

    Of a list each entry has to match. With `names_id` the demand is that something exists.
    """

    value: Template
    matches: str | None = None
    equals: Template = None
    unless: Template = False
    names_id: bool = False
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
class Consequence:
    """What a change does beside the record itself.

    `does` says what: `create` a record of a resource (once for each entry of `each`, which templates see as `binds`),
    `put` fields into the record `id`, which is made where there is none (for each entry too), `change` the record
    `id`, make a new `version` of it, `remove` those that meet `where`, or `set` fields of the record itself, with the
    names that the consequences before have bound. `when` is a template: nothing happens unless it is true.
    """

    does: str
    resource: str = ""
    each: Template = None
    binds: str | None = None
    id: Template = None
    version: Template = None
    when: Template = True
    set: Any = field(default_factory=dict)
    where: Templates = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Room:
    """A rule waits, and looks again every `retry` seconds, as long as `most` records of a resource meet `when`."""

    resource: str
    most: Template
    when: Mapping[str, Any] = field(default_factory=dict)
    retry: float = 1


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """A change that a record goes through by itself.

    It comes `after` seconds from when the record meets `when`, or `at` a moment in milliseconds since 1970. Both are
    templates over `$record`.
    """

    set: Any = field(default_factory=dict)
    when: Mapping[str, Any] = field(default_factory=dict)
    after: Template = 0
    at: Template = None
    room: Room | None = None
    then: tuple[Consequence, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Versions:
    """Where the versions of a record tell their number, whether they are published, their origin and their tags.

    `frozen` is the answer to a change of a published version.
    """

    field: str
    published: str | None = None
    base: str | None = None
    tags: str | None = None
    missing: Refused = Refused()
    frozen: Refused = Refused()
    last: Refused = Refused()


@dataclass(frozen=True, slots=True, eq=False)
class Persona:
    """How things go with records whose `by` ends in `ends`: templates see `name` as the record's persona.

    `failure` is a failure that strikes the request itself; `retry_after` and `status` are those of that failure.
    """

    name: str
    ends: str
    summary: str
    failure: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Personas:
    """Which value of a new record (`by`) decides how things go with it, and where the record keeps that (`field`)."""

    by: Template
    field: str
    otherwise: str
    known: tuple[Persona, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Event:
    """A webhook event of a record: when the record begins to meet `when`, or whenever the field `changed` changes."""

    event: str
    when: Mapping[str, Any] = field(default_factory=dict)
    changed: str | None = None
    payload: Templates = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Events:
    """Which webhook events the records of a resource cause, and where these go.

    `url`, `only` and `timeout_ms` are templates over the record and what it refers to: the address, the names of the
    events that are wanted, and the time to answer. `default` are the events without `only`; `subject` is the field of
    the payload that holds the record, in the form of the tool `shown_by`.
    """

    subject: str
    shown_by: str
    events: tuple[Event, ...]
    default: tuple[str, ...] = ()
    url: Template = None
    only: Template = None
    timeout_ms: Template = None


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """What the end of a question changes. `references` must lead to records, or the outcome `refused` comes instead."""

    references: tuple[Reference, ...] = ()
    set: Any = field(default_factory=dict)
    then: tuple[Consequence, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """What a user's server is asked about a record, which waits for the answer.

    The question is asked when the record begins to meet `when`, or whenever the field `changed` changes. `event` is the
    webhook event, None for the request of a function. `names` are further names for the templates; `$arguments` is made
    up from the schema `arguments`, `$shown` is the record in the form of the resource's events. Without a `url` nobody
    is asked, which counts as `failed`. In `answered`, `$answer` is the JSON and `$answer_text` the text.
    """

    url: Template
    event: str | None = None
    when: Mapping[str, Any] = field(default_factory=dict)
    changed: str | None = None
    names: Templates = field(default_factory=dict)
    arguments: Template = None
    method: Template = "POST"
    headers: Template = None
    query: Template = None
    payload: Template = None
    timeout_ms: Template = None
    retries: Template = None
    answered: Outcome = Outcome()
    failed: Outcome = Outcome()
    refused: Outcome = Outcome()


@dataclass(frozen=True, slots=True, eq=False)
class Action:
    """What one kind of request does to a resource. `does` is the verb, where that is not the action's own name.

    A list whose `rows` are a template shows these, in the place of records.

    An intervention that creates may make a record of another resource (`makes`); `leads_to` is the id of the record of
    this resource that came of that at once, if one did.
    """

    does: str | None = None
    id: Template = None
    version: Template = None
    drafts_only: bool = False
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
    then: tuple[Consequence, ...] = ()
    restarts: bool = False
    takes: Mapping[str, Any] | None = None
    makes: str | None = None
    leads_to: Template = None
    in_use: tuple[Use, ...] = ()
    rows: Template = None
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
    """One kind of record. `id_field` is the dotted path of a record's id; None where there is one record only.

    `interventions` are what a tester can do to a record and no caller of the API can, such as answering a call.
    """

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
    versions: Versions | None = None
    personas: Personas | None = None
    events: Events | None = None
    questions: tuple[Question, ...] = ()
    actions: Mapping[str, Action] = field(default_factory=dict)
    interventions: Mapping[str, Action] = field(default_factory=dict)
    records: tuple[Mapping[str, Any], ...] = ()
    examples: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class DeliveryManners:
    """How the API delivers webhooks: the time to answer, how often a delivery is repeated, and after how many seconds.

    The last wait holds for all further repeats.
    """

    timeout_ms: float = 10_000
    retries: int = 3
    waits: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Manners:
    """What is true of the whole API: how it says no, how large its pages are, how it delivers webhooks."""

    error_body: Template = None
    messages: Mapping[str, str] = field(default_factory=dict)
    wrong_method: int = 404
    missing: Refused = Refused()
    page_size: PageSize = PageSize()
    deliveries: DeliveryManners = DeliveryManners()


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
        lifecycle=tuple(_read_rule(rule) for rule in entry.get("lifecycle", ())),
        versions=_read_versions(entry["versions"]) if "versions" in entry else None,
        personas=read_entry(Personas, entry["personas"], known=_list(Persona, entry["personas"], "known"))
        if "personas" in entry
        else None,
        events=read_entry(Events, entry["events"], events=_list(Event, entry["events"], "events"))
        if "events" in entry
        else None,
        questions=tuple(_read_question(question) for question in entry.get("questions", ())),
        **{
            key: {verb: _read_action(action) for verb, action in entry.get(key, {}).items()}
            for key in ("actions", "interventions")
        },
    )


def _read_rule(entry: Mapping[str, Any]) -> Rule:
    room = read_entry(Room, entry["room"]) if "room" in entry else None
    return read_entry(Rule, entry, room=room, then=_list(Consequence, entry, "then"))


def _read_question(entry: Mapping[str, Any]) -> Question:
    outcomes = {
        key: read_entry(
            Outcome, one, references=_list(Reference, one, "references"), then=_list(Consequence, one, "then")
        )
        for key in ("answered", "failed", "refused")
        for one in (entry.get(key, {}),)
    }
    return read_entry(Question, entry, **outcomes)


def _read_versions(entry: Mapping[str, Any]) -> Versions:
    return read_entry(
        Versions, entry, **{key: read_entry(Refused, entry.get(key, {})) for key in ("missing", "frozen", "last")}
    )


def read_manners(entry: Mapping[str, Any]) -> Manners:
    """Make the `Manners` of an API of what the registry holds under `*`."""
    missing, size = read_entry(Refused, entry.get("missing", {})), read_entry(PageSize, entry.get("page_size", {}))
    deliveries = read_entry(DeliveryManners, entry.get("deliveries", {}))
    return read_entry(Manners, entry, missing=missing, page_size=size, deliveries=deliveries)


def _read_action(entry: Mapping[str, Any]) -> Action:
    return read_entry(
        Action,
        entry,
        demands=_list(Demand, entry, "demands"),
        then=_list(Consequence, entry, "then"),
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
