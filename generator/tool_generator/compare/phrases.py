"""Words for the changes of arguments and results, as a changelog shows them.

This module must not know what breaks: the change says that already.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tool_generator.compare import differ as kind

if TYPE_CHECKING:
    from tool_generator.compare.rules import Change

_MOST_VALUES = 12
_PLAIN = {
    kind.REMOVED: "{path} is gone",
    kind.REQUIRED: "{path} is required now",
    kind.OPTIONAL: "{path} is optional now",
    kind.CLOSED: "{path}: no further keys are taken",
    kind.OPENED: "{path}: further keys are taken",
    kind.ALTERNATIVE_ADDED: "{path}: one more alternative, {now}",
    kind.ALTERNATIVE_REMOVED: "{path}: the alternative {was} is gone",
    kind.ADDED: "{path} is new ({now})",
    kind.ADDED_REQUIRED: "{path} is new and required ({now})",
    kind.NULLABLE: "{path} may be null now",
    kind.NOT_NULLABLE: "{path} may no longer be null",
    kind.STATED: "{path} {verb} {now} now",
    kind.UNSTATED: "{path} {verb} anything now (was {was})",
    kind.BOUND_STATED: "{path}: new bound {now}",
    kind.BOUND_DROPPED: "{path}: the bound {was} is gone",
}
_OF_RESULTS = {
    kind.REQUIRED: "{path} is always there now",
    kind.OPTIONAL: "{path} may be absent now",
    kind.ADDED_REQUIRED: "{path} is new ({now})",
}


def phrase(change: Change, verb: str) -> str:
    """Describe a change with its path; `verb` is `takes` for an argument and `is` for a result."""
    path = f"`{change.path}`"
    if change.kind == kind.ENUM_WIDENED and change.was is None:
        return f"{path}: new values {_values(change.now)}"
    if change.kind == kind.ENUM_NARROWED and change.now is None:
        return f"{path}: values gone: {_values(change.was)}"
    if change.kind in (kind.ENUM_WIDENED, kind.ENUM_NARROWED):
        return f"{path} {verb} {_values(change.now)} (was {_values(change.was)})"
    template = (_OF_RESULTS.get(change.kind) if verb == "is" else None) or _PLAIN.get(change.kind)
    if template is None:
        return f"{path} {verb} {change.now} now (was {change.was})"
    return template.format(path=path, was=change.was, now=change.now, verb=verb)


def _values(values: Any) -> str:
    if not isinstance(values, list):
        return str(values)
    shown = [value if isinstance(value, str) else json.dumps(value) for value in values]
    more = len(shown) - _MOST_VALUES
    return ", ".join(shown[:_MOST_VALUES]) + (f" and {more} more" if more > 0 else "")
