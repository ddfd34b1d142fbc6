"""What an import guesses about an operation because no document states it: class, effects, group, pagination.

Every guess that may be wrong has the text of a `# review:` comment. This module must not know about files.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any

from tool_generator.importing.yaml_text import Noted
from tool_generator.openapi.naming import plural, singular, snake_case, words

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tool_generator.model.documents import Operation
    from tool_generator.model.schemas import Branch, Node, Schemas

_READS = {
    "list", "search", "get", "query", "find", "fetch", "lookup", "count", "read", "retrieve", "preview", "validate",
    "check", "estimate", "calculate", "compare", "completion", "completions", "complete", "describe", "show", "browse",
    "filter", "resolve",
}  # fmt: skip
_WRITES = {
    "create", "update", "delete", "remove", "add", "set", "send", "start", "stop", "cancel", "run", "trigger", "reset",
    "publish", "import", "upload", "buy", "purchase", "register", "archive", "restore", "clone", "copy", "move",
    "submit", "approve", "logout",
}  # fmt: skip
_EFFECTS = {
    "dial": {"call", "calls", "dial", "phone"},
    "spend": {"buy", "purchase", "order", "charge", "pay", "payment", "clone", "completion", "rerun", "sms"},
    "publish": {"publish", "release", "deploy"},
}  # fmt: skip
_MAKING = {
    "create", "make", "start", "place", "send", "run", "rerun", "batch", "register", "buy", "purchase", "publish",
    "clone", "generate",
}  # fmt: skip
_ITEMS = ("items", "data", "results", "records", "list", "entries", "values", "objects", "rows", "content", "resources")
_CURSORS = {
    "cursor", "pagetoken", "nexttoken", "paginationkey", "paginationtoken", "startingafter", "after",
    "continuationtoken", "continuation", "marker", "startcursor", "pagecursor", "nextcursor", "scrollid",
    "nextpagetoken", "token",
}  # fmt: skip
_NEXTS = {
    "nextcursor", "nextpagetoken", "nexttoken", "next", "paginationkey", "paginationtoken", "cursor",
    "continuationtoken", "continuation", "endcursor", "after", "marker", "nextmarker", "scrollid",
    "nextpagecursor", "lastid",
}  # fmt: skip
_MORES = {"hasmore", "hasnext", "hasnextpage", "more", "istruncated", "moreavailable"}
_PAGES = {"page", "pagenumber", "pageno", "pageindex", "pagenum"}
_OFFSETS = {"offset", "skip", "start", "startindex", "startat", "from"}
_LIMITS = {
    "limit",
    "pagesize",
    "perpage",
    "size",
    "maxresults",
    "pagelimit",
    "maxitems",
    "top",
    "first",
    "count",
    "take",
}


def tool_class(operation: Operation) -> tuple[Any, list[Any]]:
    """Guess class and effects: `DELETE /pets/{id}` -> write with the effect destroy."""
    said = [word.lower() for word in words(operation.id if operation.has_id else operation.path)]
    verb = said[0] if said else ""
    if operation.method in ("GET", "HEAD"):
        if verb in _WRITES:
            return Noted("read", f'review: "{verb}" sounds like a write'), []
        return "read", []
    if operation.method == "DELETE":
        return "write", ["destroy"]
    path_verb = next(
        (
            word.lower()
            for segment in reversed(operation.path.split("/"))
            if segment and "{" not in segment
            for word in words(segment)[:1]
        ),
        "",
    )
    if operation.method == "POST" and (
        verb in _READS or (verb not in _WRITES and (path_verb in _READS or (said[-1:] and said[-1] in _READS)))
    ):
        return Noted("read", "review: a read, by its name"), []
    if operation.method == "POST" and said[-1:] and said[-1] in ("completion", "completions"):
        return Noted("read", "review: a read, by its name; does it cost money?"), []
    effects = [effect for effect, signs in _EFFECTS.items() if signs & set(said) and (verb in _MAKING or verb in signs)]
    if verb in ("delete", "remove"):
        effects.append("destroy")
    note = f"review: effects guessed ({', '.join(effects)})" if effects else "review: effects"
    return (Noted("write", note) if operation.method == "POST" or effects else "write"), effects


def groups_of(operations: Iterable[Operation], placed: Mapping[str, str]) -> dict[str, str]:
    """Give the group of every operation: that of tools with the same tag, else the tag, else the noun in path or name.

    `placed` holds the groups of the operations that have a tool already.
    """
    listed = list(operations)
    homes: dict[str, Counter[str]] = {}
    for operation in listed:
        if operation.id in placed:
            for tag in operation.tags:
                homes.setdefault(tag, Counter())[placed[operation.id]] += 1
    nouns = {operation.id: _noun(operation) for operation in listed}
    known = set(nouns.values())
    found = {}
    for operation in listed:
        tag = next(iter(operation.tags), "")
        if operation.id in placed:
            found[operation.id] = placed[operation.id]
        elif tag in homes:
            found[operation.id] = homes[tag].most_common(1)[0][0]
        elif tag:
            found[operation.id] = snake_case(_many(tag))
        else:
            noun = nouns[operation.id]
            parts = noun.split("_")
            root = next((head for size in range(1, len(parts)) if (head := "_".join(parts[:size])) in known), noun)
            found[operation.id] = snake_case(_many(root))
    return found


def _many(name: str) -> str:
    parts = [word.lower() for word in words(name)]
    return "_".join([*parts[:-1], plural(parts[-1])]) if parts else "general"


def _noun(operation: Operation) -> str:
    """Give the noun of an operation: the words after its verb, or the first part of its path."""
    segments = [
        segment
        for segment in operation.path.split("/")
        if segment and "{" not in segment and not re.fullmatch(r"v\d+[a-z0-9]*|api", segment)
    ]
    first = words(segments[0]) if segments else []
    if first and first[0].lower() not in _READS | _WRITES:
        return "_".join(
            singular(word.lower()) if index == len(first) - 1 else word.lower() for index, word in enumerate(first)
        )
    said = [word.lower() for word in words(operation.id if operation.has_id else (segments or ["general"])[0])]
    said = [word for word in said[1:] or said if not re.fullmatch(r"v\d+", word)]
    return "_".join([*said[:-1], singular(said[-1])]) if said else "general"


def pagination(arguments: Mapping[str, Any], reply: Node, schemas: Schemas) -> dict[str, Any] | None:
    """Recognise from arguments (name -> schema) and reply how an operation pages; None if it does not."""
    fields = _fields(reply, schemas)
    items = fields.get("items")
    if items is None:
        return None
    by_plain = {_plain(name): name for name in reversed(list(arguments))}
    limit = next((by_plain[name] for name in by_plain if name in _LIMITS), None)
    cursor = next((by_plain[name] for name in by_plain if name in _CURSORS), None)
    following = _best(fields["texts"], _NEXTS, by_plain.get(_plain(cursor or "")))
    more = _best(fields["flags"], _MORES, None)
    style: dict[str, Any] = {"items": items}
    if more is not None:
        style["more"] = more
    if cursor is not None and following is not None:
        style |= {"next": following, "cursor": cursor}
    elif page := next((by_plain[name] for name in by_plain if name in _PAGES), None):
        schema = arguments[page] if isinstance(arguments[page], dict) else {}
        start = schema.get("default", schema.get("minimum", 1))
        style |= {"page": page, "start": start if start in (0, 1) else 1}
    elif limit is not None and (offset := next((by_plain[name] for name in by_plain if name in _OFFSETS), None)):
        style |= {"offset": offset}
    else:
        return None
    if limit is not None:
        style["limit"] = limit
    return style


def _plain(name: str) -> str:
    return name.replace("_", "").replace("-", "").lower()


def _best(paths: list[str], wanted: set[str], same: str | None) -> str | None:
    found = [path for path in paths if _plain(path.rpartition(".")[2]) in wanted]
    if same is not None:
        found.sort(key=lambda path: path.rpartition(".")[2] != same)
    return found[0] if found else None


def _fields(reply: Node, schemas: Schemas) -> dict[str, Any]:
    """List where a reply holds its list, its texts (cursors) and its flags, down to the second level."""
    found: dict[str, Any] = {"items": None, "texts": [], "flags": []}
    lists: list[str] = []
    view = schemas.view(reply)
    if view.kinds == {"array"} and not view.is_any:
        found["items"] = ""
        return found
    pending: list[tuple[str, Branch]] = []
    if view.kinds == {"object"} and not view.is_any and len(view.objects) == 1:
        pending = [("", view.objects[0])]
    for depth in range(2):
        following = []
        for prefix, item in pending:
            for name, node in item.properties.items():
                if "." in name:
                    continue
                inner = schemas.view(node)
                path = f"{prefix}{name}"
                if inner.is_any or not inner.kinds:
                    continue
                if inner.kinds == {"array"}:
                    lists.append(path)
                elif inner.kinds <= {"string", "integer", "number"}:
                    if not _is_time_or_link(node.schema):
                        found["texts"].append(path)
                elif inner.kinds == {"boolean"}:
                    found["flags"].append(path)
                elif inner.kinds == {"object"} and len(inner.objects) == 1 and not depth:
                    following.append((path + ".", inner.objects[0]))
        pending = following
    named = [path for path in lists if path.rpartition(".")[2] in _ITEMS]
    top = [path for path in lists if "." not in path]
    found["items"] = named[0] if named else top[0] if len(top) == 1 else None
    return found


def _is_time_or_link(schema: Any) -> bool:
    return isinstance(schema, dict) and schema.get("format") in ("uri", "url", "date-time")
