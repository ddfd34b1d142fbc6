"""Talks: what another server asks and reports while it works for a request of our client.

A server may ask a person something in the middle of a call. In the newer era its answer is `input_required` and the
call is made again with the answers; in the older one it sends a request of its own. Both end here: a question is put
into the talk of the call, whoever speaks with our client takes the question from there, and the answer goes back the
way that the question came. So the two sides may speak different eras, and a client that lost its connection finds the
question again.

`TALK` says which talk a request to a server belongs to. A server of the older era over stdio does not say which call
its question is about: where several are under way, nobody can know, and the question is answered with `cancel`.

Must not know: our client's side, tools, ledgers.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import anyio
import mcp_types as types

# Seconds in which a person may answer.
THINKING_TIME = 600.0
MOST_OPEN = 8
LONGEST_QUESTION = 50_000
# No request lasts longer than this, however often a server says that it is alive.
LONGEST_WORK = 3_600.0


class Patience:
    """How long a server may work on one request: `seconds` without a sign of life, and not while a person thinks."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.scope = anyio.CancelScope(deadline=anyio.current_time() + seconds)
        self._last = anyio.current_time() + LONGEST_WORK

    def renew(self) -> None:
        """Count anew: the server has said something."""
        self.scope.deadline = min(anyio.current_time() + self.seconds, self._last)

    def pause(self) -> None:
        """Stop counting: a person is asked."""
        self.scope.deadline = float("inf")
        self._last += THINKING_TIME


@dataclass(slots=True)
class Question:
    """One question to a person. `key` names the question within its talk."""

    key: str
    params: types.ElicitRequestParams
    answered: anyio.Event = field(default_factory=anyio.Event)
    answer: types.ElicitResult | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a server is."""

    done: float
    total: float | None
    message: str | None


class Talk:
    """What is said about one request to `server`. `kinds` are the questions that our client can show: form, url."""

    def __init__(self, server: str = "", kinds: frozenset[str] = frozenset()) -> None:
        self.server, self.kinds = server, kinds
        self.open: dict[str, Question] = {}
        self.progress: Progress | None = None
        self.patience: Patience | None = None
        self.news = anyio.Event()
        self._numbers, self._closed = count(1), False

    def _tell(self) -> None:
        """Wake whoever waits for news; the next news wake anew."""
        news, self.news = self.news, anyio.Event()
        news.set()

    async def ask(self, params: types.ElicitRequestParams) -> types.ElicitResult:
        """Put a question, and wait for the answer; `cancel` where nobody can be asked, or nobody answers."""
        kind = "url" if isinstance(params, types.ElicitRequestURLParams) else "form"
        too_long = len(params.model_dump_json()) > LONGEST_QUESTION
        if kind not in self.kinds or self._closed or len(self.open) >= MOST_OPEN or too_long:
            return types.ElicitResult(action="cancel")
        question = Question(f"question_{next(self._numbers)}", params)
        self.open[question.key] = question
        if self.patience is not None:
            self.patience.pause()
        self._tell()
        try:
            with anyio.move_on_after(THINKING_TIME):
                await question.answered.wait()
        finally:
            self.open.pop(question.key, None)
            if self.patience is not None and not self.open:
                self.patience.renew()
        return question.answer or types.ElicitResult(action="cancel")

    def answer(self, key: str, result: types.ElicitResult) -> None:
        """Answer a question. An answer to a question that is no longer open changes nothing."""
        question = self.open.get(key)
        if question is not None and not question.answered.is_set():
            question.answer = result
            question.answered.set()

    def close(self) -> None:
        """Answer every question with `cancel`, now and later: there is nobody left to ask."""
        self._closed = True
        for question in list(self.open.values()):
            question.answered.set()

    async def report(self, done: float, total: float | None, message: str | None) -> None:
        """Take a report of progress. It is a sign of life, too."""
        if self.patience is not None and not self.open:
            self.patience.renew()
        self.progress = Progress(done, total, message)
        self._tell()


TALK: ContextVar[Talk | None] = ContextVar("talk", default=None)


@contextmanager
def under_way(talks: list[Talk], talk: Talk) -> Iterator[None]:
    """Note that a talk's request is under way, for questions that do not say what they are about."""
    talks.append(talk)
    token = TALK.set(talk)
    try:
        yield
    finally:
        TALK.reset(token)
        talks.remove(talk)


def asked_about(talks: list[Talk], note: Callable[[str], None]) -> Talk | None:
    """Return the talk that a question is about; None, and a note, where nobody can know."""
    known = TALK.get()
    if known is not None:
        return known
    if len(talks) == 1:
        return talks[0]
    if talks:
        note(f"a question does not say which of {len(talks)} calls under way it is about, and was cancelled")
    return None


def elicitation(talks: list[Talk], note: Callable[[str], None]) -> Any:
    """Return what answers the questions of one connection."""

    async def answer(_: Any, params: types.ElicitRequestParams) -> types.ElicitResult:
        talk = asked_about(talks, note)
        return await talk.ask(params) if talk is not None else types.ElicitResult(action="cancel")

    return answer
