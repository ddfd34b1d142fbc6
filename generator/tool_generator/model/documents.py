"""What an upstream document says, as plain facts: operations, parameters, bodies, replies, schemas, problems.

`read_upstream(path)` (in the `__init__` of this package) gives an `Upstream`. Everything is frozen, and
`dataclasses.asdict(upstream)` can be dumped as JSON. Modules that compare documents or check parity need no other
module of this package for the facts.

- `Upstream.operations`: operationId -> `Operation`, in the order of the document. An operation without an id gets one
  from its method and path (`get_pets_pet_id`), and `has_id` is False.
- `Upstream.schemas`: name -> JSON Schema 2020-12, for every version of the document: `nullable`, boolean
  `exclusiveMinimum`, `example` and `discriminator` are rewritten. A `$ref` is always `#/components/schemas/NAME`, and
  NAME is a key of `schemas` without escapes. A schema at another place of the document that has a reference to it gets
  a name there.
- Schemas of parameters, bodies and replies have the same form, and may be a lone `$ref`. Boolean schemas occur.
- `Upstream.problems`: parts that are `malformed`, or that a tool cannot take over as meant (`note`), each with its
  place. A document that is no OpenAPI document raises `UpstreamUnreadable`, which carries problems too.

This module must not know how documents are read, or what the facts are used for.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

Schema: TypeAlias = Any
Place: TypeAlias = Literal["path", "query", "header", "cookie"]
REF = "#/components/schemas/"


@dataclass(frozen=True, slots=True)
class DocumentProblem:
    """A problem of a document. `place` is a JSON pointer; `operations` are the ids of the affected ones."""

    place: str
    message: str
    operations: tuple[str, ...] = ()
    severity: Literal["malformed", "note"] = "note"

    def __str__(self) -> str:
        """Give one line: operations, place, message."""
        shown = ", ".join(self.operations[:3]) + (" and others" if len(self.operations) > 3 else "")  # noqa: PLR2004
        return f"{shown + ': ' if shown else ''}{self.message} ({self.place})"


class UpstreamUnreadable(Exception):
    """The document cannot be read at all. `problems` gives the reasons, with places."""

    def __init__(self, problems: tuple[DocumentProblem, ...]) -> None:
        self.problems = problems
        super().__init__("\n".join(map(str, problems)))


def too_deep() -> UpstreamUnreadable:
    """Give the error for a document whose schemas refer to each other in a chain that is too long to follow."""
    message = "its schemas refer to each other in a chain that is too long to follow"
    return UpstreamUnreadable((DocumentProblem("#/components/schemas", message, severity="malformed"),))


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter outside the body. `style` and `explode` are those of OpenAPI; defaults are filled in.

    `content_type` is set if the parameter holds a text of this type.
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
    """The request body in the preferred content type (JSON, then multipart, then forms); `others` are the other types.

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
        """The family of the content type."""
        return content_kind(self.content_type)


@dataclass(frozen=True, slots=True)
class Reply:
    """The successful reply. `status` is None if the document gives no exact status (`2XX`, `default`, nothing).

    `schema` is None for a reply without a body, or with a body that is not JSON; `content_type` then says which.
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
    """A server with the default values of its variables filled in; `template` is the URL as written."""

    url: str
    template: str
    variables: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SecurityScheme:
    """A scheme. `kind` is bearer, basic, api_key, or OpenAPI's word; `place` and `name` say where an API key goes."""

    name: str
    kind: str
    place: str = ""
    parameter: str = ""


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation. `security` holds alternatives; each alternative names the schemes that apply together."""

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
    """Give the name in a normalised `$ref`: `#/components/schemas/Pet` -> `Pet`."""
    return reference.removeprefix(REF)


def content_kind(content_type: str) -> Literal["json", "multipart", "form", "other"]:
    """Give the family of a content type: `application/problem+json` -> `json`."""
    if content_type in ("application/json", "*/*", "application/*") or content_type.endswith(("+json", "/json")):
        return "json"
    if content_type == "multipart/form-data":
        return "multipart"
    return "form" if content_type == "application/x-www-form-urlencoded" else "other"
