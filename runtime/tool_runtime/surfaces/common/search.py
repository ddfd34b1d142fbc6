"""Search: the tools of a registry by the words that people use.

This module owns the ranking. The index is SQLite's full-text search in memory, over names, summaries, groups,
parameters and descriptions. Endings of words do not count (Porter's stemmer). A word that no tool has is replaced by
the nearest word that a tool has.
"""

import re
import sqlite3
from collections.abc import Sequence

from tool_runtime.core.registry import Registry
from tool_runtime.values.suggestions import nearest

# Names count most, then the summary of a tool. Descriptions mention many things that are not their subject.
WEIGHTS = {"names": 8.0, "summary": 5.0, "grouping": 2.0, "parameters": 1.0, "prose": 0.7}
# Words that stand in most questions and say nothing about a tool.
STOP_WORDS = frozenset({
    "a", "an", "and", "by", "can", "do", "does", "for", "from", "how", "i", "in", "is", "it", "me", "my", "of", "on",
    "or", "the", "to", "what", "which", "with",
})  # fmt: skip


class Index:
    """A full-text index over the tools of one registry."""

    def __init__(self, registry: Registry) -> None:
        self._database = sqlite3.connect(":memory:", check_same_thread=False)
        columns = ", ".join(WEIGHTS)
        self._database.execute(
            f"CREATE VIRTUAL TABLE tools USING fts5(name UNINDEXED, {columns}, tokenize='porter unicode61')"
        )
        self._database.execute("CREATE VIRTUAL TABLE words USING fts5vocab(tools, row)")
        rows = []
        for name, tool in registry.tools.items():
            group = registry.groups.get(tool.group)
            rows.append((
                name,
                _spaced(" ".join((name, *tool.aliases, tool.full_name))),
                tool.summary,
                f"{group.title} {group.summary}" if group else "",
                _spaced(" ".join(tool.parameters)),
                " ".join((tool.description, *(p.description for p in tool.parameters.values()))),
            ))  # fmt: skip
        self._database.executemany("INSERT INTO tools VALUES (?, ?, ?, ?, ?, ?)", rows)

    def find(self, words: str, limit: int) -> Sequence[str]:
        """Return the names of the tools that fit best: `find("buy a number", 3)` begins with `create_phone_number`."""
        asked = [word for word in re.findall(r"\w+", _spaced(words).lower()) if word not in STOP_WORDS]
        query = " OR ".join(f'"{self._known(word)}"*' for word in asked)
        if not query:
            return ()
        weights = ", ".join(str(weight) for weight in (0.0, *WEIGHTS.values()))
        rows = self._database.execute(
            f"SELECT name FROM tools WHERE tools MATCH ? ORDER BY bm25(tools, {weights}) LIMIT ?",  # noqa: S608 - numbers
            (query, limit),
        )
        return [name for (name,) in rows]

    def _known(self, word: str) -> str:
        """Return a word that some tool has: the given word, or the nearest one: `recrding` -> `record`."""
        hit = self._database.execute("SELECT 1 FROM tools WHERE tools MATCH ? LIMIT 1", (f'"{word}"*',)).fetchone()
        if hit:
            return word
        terms = [term for (term,) in self._database.execute("SELECT term FROM words")]
        return nearest(word, terms) or word


def _spaced(text: str) -> str:
    """Return text with the words of names apart: `create_phone_call` -> `create phone call`."""
    return re.sub(r"[_.\-]+", " ", text)
