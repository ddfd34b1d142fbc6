"""Questions: what a user's server is asked about a record, and how the record goes on with the answer.

Owns when a question is asked, what goes out, the wait, and what the answer changes. Must not know how a question
travels (deliveries.py), nor what an answer is worth (webhook_answers.py).

A record that waits stands still: no rule of its lifecycle applies. Where time stands still between requests, an answer
takes no time: the record goes on from the moment of the question, however late somebody looks. The wait ends with an
answer that counts (`answered`), with the last attempt that failed, or where nobody sends at all (`failed`), and where
the answer names something that does not exist (`refused`). A change that takes the record out of the question's
condition, such as a hang-up, cancels the question.
"""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode

from tool_runtime.core.registry import Registry
from tool_runtime.core.resources import Outcome, Question
from tool_runtime.sandbox.addresses import with_variables
from tool_runtime.sandbox.answers import Refusal
from tool_runtime.sandbox.changes import Changes, templates_of
from tool_runtime.sandbox.deliveries import Deliveries, Delivery, begins
from tool_runtime.sandbox.made_up_arguments import made_up_arguments
from tool_runtime.sandbox.sample_events import FUNCTION
from tool_runtime.sandbox.scope import Scope, fill
from tool_runtime.sandbox.store import Entry, Store
from tool_runtime.sandbox.webhook_answers import judge_answer
from tool_runtime.values.templates import ABSENT, holds

_NOBODY: Final = "nobody sends from here: serve the sandbox, or give it a receiver"


class Questions:
    """Asks about the records of one store."""

    def __init__(self, registry: Registry, store: Store, changes: Changes, deliveries: Deliveries) -> None:
        self._registry = registry
        self._store = store
        self._changes = changes
        self._deliveries = deliveries
        deliveries.settle = self.settle
        for resource, entry in store.all_entries():
            for place, question in enumerate(store.declared[resource].questions):
                begins(_key(place), question, entry)
        # Before the watcher of the lifecycles, which has to see whether a record waits.
        store.watchers.insert(0, self._watch)

    def restart(self) -> None:
        """End the waits of records whose question is on no way, such as after another state was loaded."""
        for resource, entry in list(self._store.all_entries()):
            delivery = None if entry.asked is None else self._deliveries.find(entry.asked[1])
            if entry.asked is not None and (delivery is None or delivery.state != "pending"):
                question = self._store.declared[resource].questions[entry.asked[0]]
                self._end(resource, entry, question, question.failed, {"reason": "the question was lost"})

    def _watch(self, resource: str, entry: Entry, *, gone: bool) -> None:
        questions = self._store.declared[resource].questions
        if entry.asked is not None:
            place, number = entry.asked
            if gone or not holds(questions[place].when, entry.record):
                entry.asked = None
                self._deliveries.cancel(number)
        if gone:
            return
        for place, question in enumerate(questions):
            if begins(_key(place), question, entry) and entry.asked is None:
                self._ask(resource, entry, place, question)

    def _scope(self, resource: str, entry: Entry, question: Question) -> Scope:
        """Return the names that the templates of a question may use."""
        spec = self._store.declared[resource]
        scope = self._store.scope(record=entry.record, id=entry.id)
        for _missing in self._store.look_up(spec.references, scope):
            pass
        given = fill(question.arguments, scope)
        made_up = made_up_arguments(given) if isinstance(given, Mapping) else {}
        scope.names["arguments"] = made_up if isinstance(made_up, dict) else {}
        for name, template in question.names.items():
            scope.names[name] = fill(template, scope)
        if spec.events is not None:
            scope.names["shown"] = self._deliveries.shown(spec.events, entry.record)
        return scope

    def _ask(self, resource: str, entry: Entry, place: int, question: Question) -> None:
        scope = self._scope(resource, entry, question)
        url = fill(question.url, scope)
        if not isinstance(url, str) or not url:
            self._end(resource, entry, question, question.failed, {"reason": "there is no address to ask"}, scope)
            return
        event = question.event or FUNCTION
        payload = fill(question.payload, scope)
        if question.event is not None and self._deliveries.scheme is not None:
            payload = {self._deliveries.scheme.event: event, **payload}
        query = _texts(fill(question.query, scope), entry.record)
        address = with_variables(url, entry.record)
        retries, timeout = fill(question.retries, scope), fill(question.timeout_ms, scope)
        delivery = self._deliveries.ask(
            event,
            payload,
            url=f"{address}{'&' if '?' in address else '?'}{urlencode(query)}" if query else address,
            subject=(resource, entry.id),
            timeout_ms=timeout if isinstance(timeout, int | float) else None,
            method=str(fill(question.method, scope)),
            headers=_texts(fill(question.headers, scope), entry.record),
            retries=retries if isinstance(retries, int) else None,
        )
        entry.asked = (place, delivery.number)
        if delivery.state == "pending" and not self._deliveries.sends:
            delivery.state = "failed"
            delivery.faults.append(_NOBODY)
        if delivery.state != "pending":
            reason = "; ".join(delivery.faults)
            self._end(resource, entry, question, question.failed, {"reason": reason}, scope)

    def settle(self, delivery: Delivery, status: int | None, content: bytes) -> None:
        """Let the record of a question go on, with the answer or without one (status None)."""
        entry = self._store.get(delivery.resource, delivery.record)
        if entry is None or entry.asked is None or entry.asked[1] != delivery.number:
            return
        question = self._store.declared[delivery.resource].questions[entry.asked[0]]
        names: dict[str, Any] = {}
        outcome = question.failed
        if status is None:
            last = delivery.attempts[-1] if delivery.attempts else {}
            names["reason"] = last.get("error") or f"status {last.get('status')}"
        else:
            verdict = judge_answer(self._registry, delivery.event, status, content)
            delivery.faults += verdict.faults
            names |= {"answer": ABSENT if verdict.value is None else verdict.value, "answer_text": verdict.text}
            names["reason"] = "; ".join(verdict.faults)
            outcome = question.answered if verdict.counts else question.failed
        clock = self._store.clock
        stands_still = clock.seconds_until(clock.microseconds() + 1) is None
        moment = delivery.created if stands_still else clock.microseconds()
        refused = self._end(delivery.resource, entry, question, outcome, names, moment=moment)
        if refused is not None:
            delivery.faults.append(refused)

    def _end(
        self,
        resource: str,
        entry: Entry,
        question: Question,
        outcome: Outcome,
        names: Mapping[str, Any],
        scope: Scope | None = None,
        *,
        moment: int | None = None,
    ) -> str | None:
        """Let a record go on as an outcome says. Returns why the outcome was refused, if it was."""
        spec = self._store.declared[resource]
        before, self._store.moment = self._store.moment, self._store.now() if moment is None else moment
        entry.asked = None
        entry.since = self._store.now()
        try:
            scope = self._scope(resource, entry, question) if scope is None else scope
            scope.names |= names
            try:
                self._changes.refer(outcome.references, scope)
                self._changes.change(resource, entry, templates_of(spec, outcome.set), outcome.then, scope)
            except Refusal as refusal:
                reason = refusal.message or "the answer cannot be followed"
                scope.names["reason"] = reason
                refused = question.refused
                self._changes.change(resource, entry, templates_of(spec, refused.set), refused.then, scope)
                return reason
            return None
        finally:
            self._store.moment = before


def _key(place: int) -> str:
    return f"question {place}"


def _texts(value: Any, record: Mapping[str, Any]) -> dict[str, str]:
    """Return the texts of an object, with the record's variables in them."""
    if not isinstance(value, Mapping):
        return {}
    return {str(name): with_variables(str(part), record) for name, part in value.items() if part is not None}
