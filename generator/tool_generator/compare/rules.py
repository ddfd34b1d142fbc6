"""What a difference means, and for whom: the one table of what breaks callers and what does not.

The sender judges a request: upstream must still accept what it accepted before. The reader judges a reply: everything
that readers relied on must still be there, and nothing may appear that was impossible before. A kind that a table
leaves out means nothing to that reader and is no change. This module must not know how differences are computed.

Against a document (`REQUEST`, `REPLY`):
- A schema that says nothing (`{}` or a free object) promises nothing. So if upstream now says more, nothing breaks
  (`stated`), and if the document says less than the spec, there is no change.
- A new bound where none was known is only knowledge; a tighter bound breaks.
- An optional field of a reply that may now be null breaks nobody: readers must handle its absence anyway. A null that
  no longer occurs is no change: readers that handle null have nothing to do.

Between two registries (`ARGUMENTS`, `RESULTS`) the generator made both sides, so a new statement is new to callers. A
new type or bound breaks. A new value in a result does not break, because the types of results admit unknown values.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from tool_generator.compare import differ as kind

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from tool_generator.compare.differ import Difference, Fact

# Kinds of differences that only operations have.
PLACE = "place"
MOVED = "moved"
STYLE = "style"
ENCODING = "encoding"
STATUS = "status"
CONTENT = "content"
MEDIA_TYPE = "media_type"
MEDIA_TYPES = "media_types"
SERVER = "server"
BASE_PATH = "base_path"
SECURITY = "security"
RULE = "rule"
OPERATION_ID = "operation_id"
DEPRECATED = "deprecated"

_BREAKS, _FITS = True, False

REQUEST: Mapping[str, bool] = MappingProxyType(
    {
        kind.REMOVED: _BREAKS,
        kind.ADDED: _FITS,
        kind.ADDED_REQUIRED: _BREAKS,
        kind.REQUIRED: _BREAKS,
        kind.OPTIONAL: _FITS,
        kind.TYPE: _BREAKS,
        kind.NARROWED: _BREAKS,
        kind.WIDENED: _FITS,
        kind.NOT_NULLABLE: _BREAKS,
        kind.NULLABLE: _FITS,
        kind.ENUM_NARROWED: _BREAKS,
        kind.ENUM_WIDENED: _FITS,
        kind.ALTERNATIVE_REMOVED: _BREAKS,
        kind.ALTERNATIVE_ADDED: _FITS,
        kind.CLOSED: _BREAKS,
        kind.OPENED: _FITS,
        kind.STATED: _FITS,
        kind.BOUND_TIGHTENED: _BREAKS,
        kind.BOUND_CHANGED: _BREAKS,
        kind.BOUND_LOOSENED: _FITS,
        kind.BOUND_STATED: _FITS,
        PLACE: _BREAKS,
        MOVED: _BREAKS,
        STYLE: _BREAKS,
        ENCODING: _BREAKS,
        MEDIA_TYPE: _BREAKS,
        SERVER: _BREAKS,
        BASE_PATH: _BREAKS,
        SECURITY: _BREAKS,
        RULE: _BREAKS,
        OPERATION_ID: _FITS,
        DEPRECATED: _FITS,
    }
)
REPLY: Mapping[str, bool] = MappingProxyType(
    {
        kind.REMOVED: _BREAKS,
        kind.ADDED: _FITS,
        kind.ADDED_REQUIRED: _FITS,
        kind.REQUIRED: _FITS,
        kind.OPTIONAL: _BREAKS,
        kind.TYPE: _BREAKS,
        kind.NARROWED: _FITS,
        kind.WIDENED: _BREAKS,
        kind.NULLABLE: _BREAKS,
        kind.ENUM_NARROWED: _FITS,
        kind.ENUM_WIDENED: _BREAKS,
        kind.ALTERNATIVE_REMOVED: _FITS,
        kind.ALTERNATIVE_ADDED: _BREAKS,
        kind.STATED: _FITS,
        STATUS: _FITS,
        CONTENT: _BREAKS,
        MEDIA_TYPES: _FITS,
    }
)
ARGUMENTS: Mapping[str, bool] = MappingProxyType(
    {**REQUEST, kind.STATED: _BREAKS, kind.UNSTATED: _FITS, kind.BOUND_STATED: _BREAKS, kind.BOUND_DROPPED: _FITS}
)
RESULTS: Mapping[str, bool] = MappingProxyType({**REPLY, kind.ENUM_WIDENED: _FITS, kind.UNSTATED: _FITS})


@dataclass(frozen=True, slots=True)
class Change:
    """A difference and its meaning."""

    path: str
    kind: str
    was: Any
    now: Any
    breaking: bool

    def as_json(self) -> dict[str, Any]:
        """Give the form of `--json`."""
        return {
            "path": self.path,
            "kind": self.kind,
            "was": self.was,
            "now": self.now,
            "breaking": self.breaking,
        }


def judged(
    differences: Iterable[Difference], table: Mapping[str, bool], vouched: Collection[Fact] = ()
) -> list[Change]:
    """Give the changes among differences: breaking ones first, then by path.

    `vouched` names fields and nulls of a type that upstream has in some use of the type. A type that serves create,
    update and reply holds the fields of all three. A field that only create has is missing in the reply, and that is
    no change. Example: with `vouched={"Agent.api_key"}`, the reply without `api_key` gives no change.
    """
    found = []
    for item in differences:
        if item.kind not in table or item.fact in vouched:
            continue
        breaks = table[item.kind] and not (item.kind == kind.NULLABLE and item.may_be_absent and table is not ARGUMENTS)
        found.append(Change(item.path, item.kind, item.was, item.now, breaks))
    return sorted(found, key=lambda change: (not change.breaking, change.path, change.kind))
