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
Kind: TypeAlias = Literal["json", "form", "multipart", "raw"]
REF = "#/components/schemas/"
# Stands for the host of a document that names none, until people say which one it is.
NO_SERVER = "https://api.example.invalid"


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
class Media:
    """A body in one media type. `kind` is how a tool writes the body; `content_type` is in lower case."""

    content_type: str
    kind: Kind
    schema: Schema
    encodings: dict[str, Encoding] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Body:
    """The request body in all its media types, the preferred one first: JSON, forms, multipart, anything else."""

    media: tuple[Media, ...]
    required: bool
    description: str = ""

    @property
    def first(self) -> Media:
        """The preferred media type."""
        return self.media[0]


@dataclass(frozen=True, slots=True)
class Reply:
    """The successful reply. `status` is None if the document gives no exact status (`2XX`, `default`, nothing).

    `content` is json, text, bytes, events, or location for a redirect. `schema` is None unless the reply is JSON.
    `media_types` are all that the document declares, the preferred one first; none means an empty reply.
    """

    status: int | None
    schema: Schema | None = None
    content: str = "json"
    media_types: tuple[str, ...] = ()
    description: str = ""

    @property
    def is_empty(self) -> bool:
        """Whether the document says that there is no body."""
        return not self.media_types and self.content != "location"


@dataclass(frozen=True, slots=True)
class Server:
    """A server with the default values of its variables filled in; `template` is the URL as written."""

    url: str
    template: str
    variables: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SecurityScheme:
    """A scheme. `kind` is bearer, basic, api_key, or OpenAPI's word; `place` and `parameter` say where a key goes."""

    name: str
    kind: str
    place: str = ""
    parameter: str = ""

    @property
    def is_key(self) -> bool:
        """Whether a tool can authorise calls by this scheme."""
        return self.kind in ("bearer", "basic", "api_key")


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
    """A whole upstream document. `unread` are operations that cannot be read: `GET /a b` -> why."""

    title: str
    version: str
    description: str
    operations: dict[str, Operation]
    schemas: dict[str, Schema]
    servers: tuple[Server, ...] = ()
    security: tuple[tuple[str, ...], ...] | None = None
    security_schemes: dict[str, SecurityScheme] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    documentation: str = ""
    unread: dict[str, str] = field(default_factory=dict)
    problems: tuple[DocumentProblem, ...] = ()

    def security_of(self, operation: Operation) -> tuple[tuple[str, ...], ...] | None:
        """Give the alternatives that authorise an operation; None if the document says nothing about security."""
        if operation.security is not None or self.security is not None:
            return self.security if operation.security is None else operation.security
        return () if any(other.security is not None for other in self.operations.values()) else None

    def server_of(self, operation: Operation) -> str:
        """Give the URL of an operation's own server; an empty text where it is on the usual server of the document.

        A URL without a host is on the host of the usual server.

        Example: `/v2` beside the usual server `https://x.example/v1` gives `https://x.example/v2`.
        """
        usual = next((server.url.rstrip("/") for server in self.servers if "://" in server.url), NO_SERVER)
        origin = "/".join(usual.split("/")[:3])
        own = [f"{'' if '://' in item.url else origin}{item.url}".rstrip("/") for item in operation.servers if item.url]
        if not any("://" in server.url for server in self.servers):
            usual = f"{origin}{next((server.url for server in self.servers), '')}".rstrip("/")
        return "" if not own or usual in own else own[0]


def ref_name(reference: str) -> str:
    """Give the name in a normalised `$ref`: `#/components/schemas/Pet` -> `Pet`."""
    return reference.removeprefix(REF)


def content_kind(content_type: str) -> Kind:
    """Give the family of a content type: `application/problem+json; v=1` -> `json`; any other one is `raw`."""
    content_type = content_type.partition(";")[0].strip()
    if content_type in ("application/json", "*/*", "application/*") or content_type.endswith(("+json", "/json")):
        return "json"
    if content_type.startswith("multipart/"):
        return "multipart"
    return "form" if content_type == "application/x-www-form-urlencoded" else "raw"
