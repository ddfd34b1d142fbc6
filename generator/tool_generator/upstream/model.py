"""What an upstream document says, as plain facts: operations, parameters, bodies, replies, schemas, problems.

`read_upstream(path)` (in this package's `__init__`) gives an `Upstream`. Everything is frozen and JSON-able:
`dataclasses.asdict(upstream)` can be dumped. Whoever compares documents or checks parity relies on this module
only.

- `Upstream.operations`: operationId -> `Operation`, in the document's order. An operation without an id has one
  made of its method and path (`get_pets_pet_id`), and `has_id` is False.
- `Upstream.schemas`: name -> JSON Schema 2020-12, whatever the document's version was: `nullable`, boolean
  `exclusiveMinimum`, `example`, `discriminator` are rewritten, `$ref` is always `#/components/schemas/NAME` where
  NAME is a key of `schemas` as it stands (no escapes). References to other places of the document were given a name
  there.
- Schemas of parameters, bodies and replies are of the same kind, and may be a lone `$ref`. Boolean schemas occur.
- `Upstream.problems`: what was `malformed` or cannot be read as meant (`note`), with its place. A document
  that is not OpenAPI at all raises `UpstreamUnreadable`, which carries problems too.

This module must not know how documents are read or what becomes of the facts.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

Schema: TypeAlias = Any
Place: TypeAlias = Literal["path", "query", "header", "cookie"]
REF = "#/components/schemas/"


@dataclass(frozen=True, slots=True)
class DocumentProblem:
    """Something to tell about a document. `place` is a JSON pointer, `operations` the ids of those that it touches."""

    place: str
    message: str
    operations: tuple[str, ...] = ()
    severity: Literal["malformed", "note"] = "note"

    def __str__(self) -> str:
        """Give one line: operations, place, message."""
        shown = ", ".join(self.operations[:3]) + (" and others" if len(self.operations) > 3 else "")  # noqa: PLR2004
        return f"{shown + ': ' if shown else ''}{self.message} ({self.place})"


class UpstreamUnreadable(Exception):
    """The document cannot be read at all. `problems` says why, with places."""

    def __init__(self, problems: tuple[DocumentProblem, ...]) -> None:
        self.problems = problems
        super().__init__("\n".join(map(str, problems)))


def too_deep() -> UpstreamUnreadable:
    """Give the error for a document whose schemas refer to each other in a chain that no walk can follow."""
    message = "its schemas refer to each other in a chain that is too long to follow"
    return UpstreamUnreadable((DocumentProblem("#/components/schemas", message, severity="malformed"),))


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter outside the body. `style` and `explode` are OpenAPI's, with its defaults filled in.

    `content_type` is set where the value is serialised as that type inside the parameter.
    """

    name: str
    place: Place
    required: bool
    schema: Schema
    style: str
    explode: bool
    deprecated: bool = False
    description: str = ""
    content_type: str = ""
    allow_reserved: bool = False


@dataclass(frozen=True, slots=True)
class Encoding:
    """How one field of a multipart or form body is written."""

    content_type: str = ""
    style: str = ""
    explode: bool | None = None


@dataclass(frozen=True, slots=True)
class Body:
    """The request body in the preferred content type (JSON, then multipart, then forms); `others` are the rest.

    `content_type` has no parameters and is in lower case.
    """

    content_type: str
    schema: Schema
    required: bool
    others: tuple[str, ...] = ()
    encodings: dict[str, Encoding] = field(default_factory=dict)
    description: str = ""

    @property
    def kind(self) -> Literal["json", "multipart", "form", "other"]:
        """Which family the content type belongs to."""
        return content_kind(self.content_type)


@dataclass(frozen=True, slots=True)
class Reply:
    """The successful reply. `status` is None where the document does not say it exactly (`2XX`, `default`, nothing).

    `schema` is None where it has no body, or none that is JSON (then `content_type` tells).
    """

    status: int | None
    schema: Schema | None = None
    content_type: str = ""
    others: tuple[str, ...] = ()
    description: str = ""

    @property
    def is_empty(self) -> bool:
        """Whether the document says that there is no body."""
        return not self.content_type


@dataclass(frozen=True, slots=True)
class Server:
    """A server with its variables filled in by their defaults; `template` is the URL as written."""

    url: str
    template: str
    variables: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SecurityScheme:
    """`kind` is bearer, basic, api_key, or what OpenAPI calls it; `place` and `name` are those of an API key."""

    name: str
    kind: str
    place: str = ""
    parameter: str = ""


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation. `security` holds alternatives, each the names of the schemes that apply together."""

    id: str
    method: str
    path: str
    parameters: tuple[Parameter, ...] = ()
    body: Body | None = None
    reply: Reply = field(default_factory=lambda: Reply(None))
    tags: tuple[str, ...] = ()
    deprecated: bool = False
    servers: tuple[Server, ...] = ()
    security: tuple[tuple[str, ...], ...] | None = None
    summary: str = ""
    description: str = ""
    has_id: bool = True

    @property
    def key(self) -> str:
        """Method and path, `GET /pets/{id}`."""
        return f"{self.method} {self.path}"

    def placed(self, place: Place) -> tuple[Parameter, ...]:
        """Give the parameters of one place."""
        return tuple(item for item in self.parameters if item.place == place)


@dataclass(frozen=True, slots=True)
class Upstream:
    """A whole upstream document."""

    title: str
    version: str
    description: str
    operations: dict[str, Operation]
    schemas: dict[str, Schema]
    servers: tuple[Server, ...] = ()
    security: tuple[tuple[str, ...], ...] = ()
    security_schemes: dict[str, SecurityScheme] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    documentation: str = ""
    problems: tuple[DocumentProblem, ...] = ()


def ref_name(reference: str) -> str:
    """Give the name that a normalised `$ref` refers to."""
    return reference.removeprefix(REF)


def content_kind(content_type: str) -> Literal["json", "multipart", "form", "other"]:
    """Tell the family of a content type."""
    if content_type in ("application/json", "*/*", "application/*") or content_type.endswith(("+json", "/json")):
        return "json"
    if content_type == "multipart/form-data":
        return "multipart"
    return "form" if content_type == "application/x-www-form-urlencoded" else "other"
