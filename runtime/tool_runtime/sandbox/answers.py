"""What the sandbox answers with, before the answer becomes a reply.

Owns: `Answer`, the `Refusal` that any part raises to end a request, and the declared shape of an error body.
Must not know: how a request was read or which records exist.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final

from tool_runtime.core.registry import Registry
from tool_runtime.sandbox.scope import Scope, fill
from tool_runtime.values.templates import assign


class _NoBody:
    """The type of `NOTHING`: an answer without a body, which is not the JSON value null."""

    def __repr__(self) -> str:
        return "NOTHING"


NOTHING: Final = _NoBody()


@dataclass(frozen=True, slots=True)
class Answer:
    """A status, a JSON value or `NOTHING`, and further headers. With a `media_type` the body is bytes of that type."""

    status: int
    body: Any = NOTHING
    headers: Mapping[str, str] = field(default_factory=dict)
    media_type: str = ""


class Refusal(Exception):
    """The API says no: a status and a message for the error body (None: the one declared for the status)."""

    def __init__(self, status: int, message: str | None = None, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(status, message)
        self.status = status
        self.message = message
        self.headers = dict(headers or {})


class ErrorBodies:
    """Makes error bodies as the registry declares them.

    `error_body` of the resource `*` is a template over `$message`, `$status` and `$reason`; without one the
    message stands at the first path of `errors.message`. `messages` gives the message of a status that has no
    other.
    """

    def __init__(self, registry: Registry) -> None:
        self._template = registry.manners.error_body
        self._messages = registry.manners.messages
        self._path = (registry.error_messages or ("message",))[0]

    def answer(self, refusal: Refusal) -> Answer:
        """Return the answer that a refusal becomes."""
        reason = HTTPStatus(refusal.status).phrase if refusal.status in set(HTTPStatus) else "Error"
        message = refusal.message or self._messages.get(str(refusal.status)) or f"{reason}."
        if self._template is not None:
            names = {"message": message, "status": refusal.status, "reason": reason}
            body = fill(self._template, Scope(names))
        else:
            body = {}
            assign(body, self._path, message)
        return Answer(refusal.status, body, refusal.headers)
