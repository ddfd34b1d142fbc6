"""Templates: JSON in which strings stand for values of the call.

Owns the two notations of the spec. `$` alone is the value being shaped. `$name.path.0.to` refers to an argument or to
an earlier step's result. `$$x` is the literal string `$x`. A key or list entry whose reference is absent is
dropped: absent means absent. Knows nothing of tools.
"""

from collections.abc import Mapping
from typing import Any

ABSENT: Any = object()


def lookup(value: Any, path: str) -> Any:
    """Follow a dotted path through objects and lists; `ABSENT` where it leads nowhere. An empty path is the value."""
    if not path:
        return value
    for part in path.split("."):
        if isinstance(value, Mapping):
            value = value.get(part, ABSENT)
        elif isinstance(value, list) and part.isdigit() and int(part) < len(value):
            value = value[int(part)]
        else:
            return ABSENT
        if value is ABSENT:
            return ABSENT
    return value


def expand(template: Any, scope: Mapping[str, Any]) -> Any:
    """Fill a template; `scope` maps names to values, with the shaped value under the empty name."""
    if isinstance(template, str):
        if not template.startswith("$"):
            return template
        return (
            template[1:]
            if template.startswith("$$")
            else lookup(scope, template[1:])
            if len(template) > 1
            else scope[""]
        )
    if isinstance(template, Mapping):
        filled = ((key, expand(part, scope)) for key, part in template.items())
        return {key: value for key, value in filled if value is not ABSENT}
    if isinstance(template, list):
        return [value for value in (expand(part, scope) for part in template) if value is not ABSENT]
    return template
