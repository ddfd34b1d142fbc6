"""Search: pages by the words that people use.

This module owns the ranking; a page is a tool, a guide or a type. Each page has phrases (names, keywords, summary) and
prose. A query scores against the phrase that fits best, and a little against the prose. Rare words count more than
words that most pages have. SQLite's full-text search splits the texts and takes the endings off (Porter's stemmer).

A word that no page has is replaced: by the words that begin in the same way, by two words that are written as one, or
by the nearest word. Words that mean the same to people who call an API, such as `remove` and `delete`, stand for each
other, at a discount.
"""

import re
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import log

from tool_runtime.core.registry import Registry
from tool_runtime.core.tools import Tool
from tool_runtime.values.suggestions import nearest

NAME, KEYWORD, SUMMARY, GROUP, TYPE = 1.0, 1.0, 0.8, 0.3, 0.5
"""How much a phrase of each kind counts."""
PROSE = 0.25
# A guide is long: most words stand in one somewhere, and say less of what the guide is about.
GUIDE_PROSE = 0.1
# A page for which only one word of a long question speaks is no answer to the question.
LEAST = 0.04
# Far behind the best page, pages only share a common word with the question.
NEAR_ENOUGH = 0.15
SYNONYM = 0.8
FILLER = 0.05
# Words that stand in most questions and say little about what is wanted.
FILLERS = (
    "a about all am an and any are at be by can could do does for from have how i in is it its let me my of on one or"
    " our please some tell that the their them this to us want was what when where which who with you your"
)
# One line for each meaning. What a tool does is named in many ways; what it does that to is the API's own word.
MEANINGS = (
    "create make new add build setup establish",
    "delete remove erase wipe drop destroy discard purge rid forget",
    "update change edit modify adjust alter set configure rename tweak fix",
    "get show read see view display fetch inspect details info",
    "list all show browse overview every",
    "search find look lookup locate",
    "stop end terminate finish close cancel abort quit",
    "start begin launch run initiate place",
    "send submit post deliver",
    "upload attach import",
    "status progress state",
    "phone telephone",
    "company organisation organization",
    "many bulk batch mass multiple",
    "analysis analyse analyze evaluation",
    "check verify test validate",
    "copy clone duplicate",
    "cost price charge bill fee expense",
    "say said tell talk speak spoken",
    "length long duration lasted",
    "reason why cause",
    "website site homepage web webpage url",
    "tag label mark",
    "setting option preference",
)
_SHORTEST_STEM, _SHORTEST_TYPO, _SHORTEST_HALF = 3, 4, 3


@dataclass(frozen=True, slots=True)
class Text:
    """What a page says: phrases, each with its weight, and prose with the weight of all of it."""

    name: str
    phrases: tuple[tuple[float, str], ...]
    prose: str = ""
    prose_weight: float = PROSE


class Index:
    """An index over texts. Building one over a few hundred texts takes some 30 ms; a search takes one or two."""

    def __init__(self, texts: Iterable[Text]) -> None:
        self._stems = _Stems()
        known = list(texts)
        self.names = [text.name for text in known]
        self._prose_weights = [text.prose_weight for text in known]
        rows = [(page, weight, phrase) for page, text in enumerate(known) for weight, phrase in text.phrases]
        stems = self._stems.of([phrase for _, _, phrase in rows] + [text.prose for text in known])
        phrases, prose = [frozenset(found) for found in stems[: len(rows)]], stems[len(rows) :]
        self._phrases = [(page, weight) for page, weight, _ in rows]
        self._in_phrases, self._in_prose = _where(phrases), _where(prose)
        self._fillers = frozenset(self._stems.of([FILLERS])[0])
        self._worth: dict[str, float] = {}
        self._worth |= {stem: self._worth_of([stem]) for stem in self._in_phrases.keys() | self._in_prose.keys()}
        self._sizes = [sum(self._worth[stem] for stem in found) for found in phrases]
        self._alike = self._meanings()

    def find(self, words: str, limit: int) -> Sequence[str]:
        """Return the names of the pages that fit best: `find("buy a number", 3)` begins with `create_phone_number`."""
        asked = self._asked(words)
        wanted = sum(worth for worth, _ in asked)
        if not wanted:
            return ()
        scores: dict[int, float] = {}
        for phrase, hit in _overlaps(asked, self._in_phrases).items():
            page, weight = self._phrases[phrase]
            # Both sides count: a phrase that holds much else fits less, and so does one that lacks a word.
            fit = weight * hit * hit / (wanted * (0.75 * self._sizes[phrase] + 0.25 * hit))
            scores[page] = max(scores.get(page, 0.0), fit)
        for page, hit in _overlaps(asked, self._in_prose).items():
            scores[page] = scores.get(page, 0.0) + self._prose_weights[page] * (hit / wanted) ** 2
        for page in self._called(words):
            scores[page] = scores.get(page, 0.0) + 1.0
        least = max(LEAST, NEAR_ENOUGH * max(scores.values(), default=0.0))
        ranked = sorted((-score, page) for page, score in scores.items() if score >= least)
        return [self.names[page] for _, page in ranked[:limit]]

    def _called(self, words: str) -> Sequence[int]:
        """Return the pages whose own name the words are: who types a name wants that page first.

        A name in capitals, such as `HangUp`, is typed as one word; `hang up` is what somebody wants to do.
        """
        name, apart = _joined(words), len(words.split()) > 1
        own = [(page, known.rpartition("/")[2]) for page, known in enumerate(self.names)]
        return [page for page, known in own if _joined(known) == name and not (apart and known != known.lower())]

    def _asked(self, words: str) -> list[tuple[float, Mapping[str, float]]]:
        """Return, for each word of a query, what the word is worth and the stems that stand for it."""
        asked: list[tuple[float, Mapping[str, float]]] = []
        for stem in dict.fromkeys(self._stems.of([words])[0]):
            for known in self._known(stem):
                stems = {other: SYNONYM for other in self._alike.get(known, ()) if other in self._worth}
                stems[known] = 1.0
                asked.append((self._worth_of(stems), stems))
        return asked

    def _worth_of(self, stems: Iterable[str]) -> float:
        """Return what words that stand for each other are worth: the fewer pages have one of them, the more."""
        if self._fillers.issuperset(stems):
            return FILLER
        pages = {self._phrases[phrase][0] for stem in stems for phrase in self._in_phrases.get(stem, ())}
        pages.update(page for stem in stems for page in self._in_prose.get(stem, ()))
        return log((len(self.names) + 1) / (len(pages) + 0.5)) + 0.1

    def _known(self, stem: str) -> Sequence[str]:
        """Return the stems that some page has in place of a stem: `recrd` -> `record`, `chatbot` -> `chat`, `bot`."""
        if stem in self._worth or stem in self._alike:
            return [stem]
        if len(stem) >= _SHORTEST_STEM:
            longer = [known for known in self._worth if known.startswith(stem)]
            if longer:
                return [min(longer, key=len)]
        for at in range(_SHORTEST_HALF, len(stem) - _SHORTEST_HALF + 1):
            halves = stem[:at], stem[at:]
            if all(half in self._worth for half in halves):
                return halves
        near = nearest(stem, self._worth) if len(stem) >= _SHORTEST_TYPO else None
        return [near] if near else []

    def _meanings(self) -> Mapping[str, frozenset[str]]:
        alike: dict[str, frozenset[str]] = {}
        for line in self._stems.of(list(MEANINGS)):
            for stem in line:
                alike[stem] = alike.get(stem, frozenset()) | (frozenset(line) - {stem})
        return alike


def text_of_tool(name: str, tool: Tool, registry: Registry) -> Text:
    """Return what a tool says to a search; `name` is the name to give back."""
    group = registry.groups.get(tool.group)
    phrases = [(NAME, word) for word in (tool.name, *tool.aliases, tool.full_name)]
    phrases += [(KEYWORD, keyword) for keyword in tool.keywords]
    phrases += [(SUMMARY, tool.summary), (GROUP, f"{group.title} {group.summary}" if group else "")]
    parameters = (f"{parameter.name} {parameter.description}" for parameter in tool.parameters.values())
    return Text(name, tuple(phrases), " ".join((tool.summary, tool.description, *parameters)))


def text_of_guide(name: str, stem: str, markdown: str) -> Text:
    """Return what a guide says to a search: its headings are phrases, and so is the name of its file."""
    headings = re.findall(r"^#+ (.+)$", markdown, re.MULTILINE)
    return Text(name, ((NAME, stem), *((SUMMARY, heading) for heading in headings)), markdown, GUIDE_PROSE)


def text_of_type(name: str, type_name: str, description: str) -> Text:
    """Return what a type says to a search. Who looks for a deed wants the tool, so a type counts less than a tool."""
    return Text(name, ((TYPE, type_name), (TYPE * SUMMARY, description)))


def spaced(text: str) -> str:
    """Return text with the words of names apart: `create_phone_call`, `AgentSettings` -> `create phone call`, …."""
    return re.sub(r"[_.\-/]+", " ", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", text))


def _joined(text: str) -> str:
    return re.sub(r"[\W_]+", "", text).lower()


def _where(texts: Iterable[Iterable[str]]) -> Mapping[str, list[int]]:
    """Return in which texts each word stands: `[{"a"}, {"a", "b"}]` -> `{"a": [0, 1], "b": [1]}`."""
    found: dict[str, list[int]] = {}
    for at, words in enumerate(texts):
        for word in dict.fromkeys(words):
            found.setdefault(word, []).append(at)
    return found


def _overlaps(
    asked: Iterable[tuple[float, Mapping[str, float]]], where: Mapping[str, Sequence[int]]
) -> Mapping[int, float]:
    """Return, for each text that holds an asked word, what the asked words are worth that the text holds."""
    worths: dict[int, float] = {}
    for worth, alternatives in asked:
        shares: dict[int, float] = {}
        for stem, share in alternatives.items():
            for text in where.get(stem, ()):
                shares[text] = max(shares.get(text, 0.0), share)
        for text, share in shares.items():
            worths[text] = worths.get(text, 0.0) + worth * share
    return worths


class _Stems:
    """Splits texts into words without endings, by the tokenizer of SQLite's full-text search."""

    def __init__(self) -> None:
        # One index may serve several threads; SQLite's own lock orders them.
        self._database = sqlite3.connect(":memory:", check_same_thread=False)
        self._database.execute("CREATE VIRTUAL TABLE texts USING fts5(text, tokenize='porter unicode61')")
        self._database.execute("CREATE VIRTUAL TABLE words USING fts5vocab(texts, instance)")

    def of(self, texts: Sequence[str]) -> list[list[str]]:
        """Return the stems of each text, in order: `["hanging up"]` -> `[["hang", "up"]]`."""
        with self._database:
            self._database.execute("DELETE FROM texts")
            rows = ((row, spaced(text).lower()) for row, text in enumerate(texts))
            self._database.executemany("INSERT INTO texts(rowid, text) VALUES (?, ?)", rows)
            stems: list[list[str]] = [[] for _ in texts]
            query = "SELECT doc, term FROM words ORDER BY doc, offset"
            for row, term in self._database.execute(query):
                stems[row].append(term)
        return stems
