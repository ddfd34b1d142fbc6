"""Names at the prompt of `lua --repl`: what may stand in place of a word that is begun.

Owns Lua's words, what a conversation has named, and what stands below a name: `r.get` completes where `r` was given the
tools. Nothing is run for that.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tool_runtime.surfaces.common.scripts import Namespace

_WORDS = (
    "and", "break", "do", "else", "elseif", "end", "false", "for", "function", "goto", "if", "in", "local", "nil",
    "not", "or", "repeat", "return", "then", "true", "until", "while", "app", "args", "assert", "docs", "dump",
    "ipairs", "json", "math", "next", "now", "pairs", "parallel", "parallel_map", "pcall", "print", "progress",
    "random", "regex", "select", "sleep", "string", "table", "tonumber", "tostring", "type", "utf8",
)  # fmt: skip


class PromptNames:
    """The names of one conversation; grows with each chunk."""

    def __init__(self, namespaces: Iterable["Namespace"]) -> None:
        self._namespaces = tuple(namespaces)
        self._given: dict[str, str] = {}

    def learn(self, chunk: str) -> None:
        """Note what a chunk names: `r = app.integrations.x` -> `r` stands for that path, `n = 5` -> `n` is a word."""
        from tool_runtime.surfaces.common.scripts import parse

        try:
            statements = parse(chunk).parts[0]
        except Exception:  # noqa: BLE001 - Lua has said what is wrong with the chunk
            return
        for statement in statements:
            if statement.kind == "assign":
                targets, values = statement.parts
                for at, target in enumerate(targets):
                    if target.kind == "name":
                        self._given[target.parts[0]] = self._path(values[at]) if at < len(values) else ""
            elif statement.kind == "functionto" and statement.parts[0].kind == "name":
                self._given[statement.parts[0].parts[0]] = ""

    def _path(self, node: Any) -> str:
        if node.kind == "name":
            name: str = node.parts[0]
            return self._given.get(name, name)
        if node.kind == "index" and node.parts[1].kind == "const":
            base = self._path(node.parts[0])
            return f"{base}.{node.parts[1].parts[0]}" if base else ""
        return ""

    def completions(self, text: str) -> list[str]:
        """Return what may stand in place of a word: `docs.r` -> `docs.read`."""
        shown, dot, start = text.rpartition(".")
        if not dot:
            return sorted(word for word in {*_WORDS, *self._given} if word.startswith(text))
        first, _, rest = shown.partition(".")
        base = ".".join(part for part in (self._given.get(first, first), rest) if part)
        names: set[str] = set()
        for namespace in self._namespaces:
            if namespace.path.startswith(f"{base}."):
                names.add(namespace.path[len(base) + 1 :].split(".")[0])
            elif base == namespace.path or base.startswith(f"{namespace.path}."):
                node: Any = namespace.node()
                for part in base[len(namespace.path) + 1 :].split(".") if base != namespace.path else ():
                    node = node.get("n", {}).get(part) or ({**node, "s": ()} if part in node.get("s", ()) else {})
                names |= {*node.get("f", ()), *node.get("n", {}), *node.get("s", ())}
        return sorted(f"{shown}.{name}" for name in names if name.startswith(start))
