"""Parts of a result: `--query` and `--fields`.

Owns what the two options mean. Both are read before anything is sent, so a typo costs no call. `--query` is JMESPath
over the data. `--fields a.b,c` keeps these fields and their places: of an object, of each object of a list, and of the
rows of a reply that holds one page of a list.
"""

from collections.abc import Callable, Sequence
from typing import Any

from tool_runtime.errors import UsageError

Path = tuple[str, ...]


def read_fields(text: str | None) -> tuple[Path, ...]:
    """Read `--fields`: `"a.b, c"` -> `(("a", "b"), ("c",))`. Raises `UsageError` for an empty name."""
    if text is None:
        return ()
    paths = tuple(tuple(part.strip().split(".")) for part in text.split(","))
    if not all(all(path) for path in paths):
        raise UsageError(
            f"--fields holds an empty name: {text[:80]!r}", hint="Such as --fields call_id,call_cost.total"
        )
    return paths


def read_query(text: str | None) -> Callable[[Any], Any] | None:
    """Compile `--query`. Raises `UsageError` for text that is no JMESPath."""
    if text is None:
        return None
    import jmespath
    from jmespath.exceptions import JMESPathError

    try:
        compiled = jmespath.compile(text)
    except JMESPathError as error:
        raise UsageError(
            f"--query is no JMESPath: {str(error).splitlines()[0]}", hint="See https://jmespath.org."
        ) from None

    def search(data: Any) -> Any:
        try:
            return compiled.search(data)
        except JMESPathError as error:
            raise UsageError(f"--query does not fit the result: {error}") from None

    return search


def pick(data: Any, paths: Sequence[Path], rows: str | None = None) -> Any:
    """Return the fields of a result. `rows` is the name of the field that holds the rows of a page.

    Examples: `({"a": {"b": 1, "c": 2}}, [("a", "b")])` -> `{"a": {"b": 1}}`;
    `({"items": [{"id": 1, "n": 2}], "more": True}, [("id",)], "items")` -> `[{"id": 1}]`.
    """
    if not paths:
        return data
    if rows is not None and isinstance(data, dict) and isinstance(data.get(rows), list):
        data = data[rows]
    if isinstance(data, list):
        return [pick(one, paths) for one in data]
    if not isinstance(data, dict):
        return data
    found: dict[str, Any] = {}
    for name in dict.fromkeys(path[0] for path in paths):
        if name in data:
            inner = [path[1:] for path in paths if path[0] == name]
            # A field that is asked for as a whole is whole, whatever else is asked of the field.
            found[name] = data[name] if () in inner else pick(data[name], inner)
    return found


def unmatched(data: Any, paths: Sequence[Path], rows: str | None = None) -> list[tuple[str, str | None]]:
    """Return the fields that no part of the data has, each with the nearest name that is there."""
    from tool_runtime.values.suggestions import nearest

    missing = []
    for path in paths:
        holders = _holders(data, rows)
        for depth, name in enumerate(path):
            inner = [holder[name] for holder in holders if name in holder]
            if holders and not inner:
                near = nearest(name, dict.fromkeys(key for holder in holders for key in holder))
                missing.append((".".join(path), near and ".".join((*path[:depth], near))))
                break
            holders = [one for value in inner for one in _holders(value, None)]
    return missing


def _holders(data: Any, rows: str | None) -> list[dict[str, Any]]:
    if rows is not None and isinstance(data, dict) and isinstance(data.get(rows), list):
        data = data[rows]
    if isinstance(data, list):
        return [one for one in data if isinstance(one, dict)]
    return [data] if isinstance(data, dict) else []
