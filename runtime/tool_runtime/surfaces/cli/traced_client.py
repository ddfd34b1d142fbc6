"""The client of the command line: shows the exchange, and says what the gate would decide.

With `-v`, each request and each reply goes to stderr, with secrets masked; with `--curl`, requests are curl commands
that read the key out of its variable. Masking is by the schemas of the tool, as in dry runs and in the ledger, and the
key itself is taken out of every text. Nothing here changes what is sent.
"""

import json
import re
import shlex
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

from tool_runtime.core.flow import Done, Send
from tool_runtime.core.gate import decision_of
from tool_runtime.core.ledger import LedgerNotWritten
from tool_runtime.core.replies import NoReply, Reply
from tool_runtime.core.requests import Request
from tool_runtime.core.tools import Tool
from tool_runtime.surfaces.cli import output
from tool_runtime.surfaces.common.client import Client
from tool_runtime.values.secrets import MASK, hide_text, mask

_SECRET_NAME = re.compile(r"auth|key|token|secret|password|cookie|signature", re.IGNORECASE)
_LONGEST_BODY = 20_000


class TracedClient(Client):
    """A client that shows what it sends once `trace` says so."""

    def trace(self, *, verbose: bool, curl: bool) -> None:
        """Say what is shown from now on."""
        self._verbose, self._curl = verbose or curl, curl

    _verbose = False
    _curl = False

    def delivered(self, done: Done) -> None:
        """Write into the ledger that the caller has the result. A delivery that is not written is the safe case."""
        if self.ledger is not None and done.record is not None:
            with suppress(LedgerNotWritten):
                self.ledger.deliver(done.record)

    def decision(self, tool: Tool) -> str:
        """Return what is decided on a tool: `allow`, `ask` or `deny`."""
        return decision_of(self._context.account, tool)

    @property
    def accounts_to_name(self) -> tuple[str, ...]:
        """The accounts of which a write has to name one; empty where nothing is to choose."""
        return self._context.account.unnamed

    def verdict(self, tool: Tool) -> str:
        """Return what the gate would decide on a call and its steps: `allow`, `ask`, `refuse` or `deny`.

        `refuse` stands for a question that nobody can be asked.
        """
        registry, context = self.registry, self._context
        steps = [registry.resolve(step.tool) for step in (*tool.steps.before, *tool.steps.after)]
        decisions = {self.decision(one) for one in (tool, *steps)}
        if "deny" in decisions:
            return "deny"
        if "ask" not in decisions or context.force:
            return "allow"
        return "ask" if context.can_ask else "refuse"

    def _perform(self, command: Any) -> Any:
        if type(command) is not Send or not self._verbose:
            return super()._perform(command)
        self._show_request(command.request)
        started = time.monotonic()
        try:
            reply: Reply = super()._perform(command)
        except NoReply as silence:
            output.note(f"< no reply: {self._hidden(str(silence))} ({_milliseconds(started)} ms)")
            raise
        self._show_reply(command.request, reply, started)
        return reply

    def _show_request(self, request: Request) -> None:
        shown = self._masked(request)
        if self._curl:
            output.note(self.curl_of(shown))
            return
        output.note(f"> {shown['method']} {shown['url']}")
        for name, value in shown["headers"].items():
            output.note(f"> {name}: {value}")
        for name in ("body", "parts"):
            if name in shown:
                output.note(f"> {_cut(_as_text(shown[name]))}")

    def _show_reply(self, request: Request, reply: Reply, started: float) -> None:
        output.note(f"< {reply.status} ({_milliseconds(started)} ms)")
        for name, value in reply.headers.items():
            output.note(f"< {name}: {MASK if _SECRET_NAME.search(name) else self._hidden(value)}")
        if not reply.content:
            return
        text = reply.content.decode("utf-8", "backslashreplace")
        try:
            body = json.loads(text)
        except (ValueError, RecursionError):
            output.note(f"< {_cut(self._hidden(text))}")
            return
        schema = self.registry.resolve(request.tool).returns.schema or {}
        output.note(f"< {_cut(self._hidden(_as_text(mask(body, schema, self.registry.types))))}")

    def _masked(self, request: Request) -> dict[str, Any]:
        """Return a request as a dry run shows requests: `method`, `url`, `headers`, and `body` or `parts`."""
        tool, types = self.registry.resolve(request.tool), self.registry.types
        auth = self.registry.auth
        headers = {name: MASK if _SECRET_NAME.search(name) else value for name, value in request.headers}
        query = "&".join(self._masked_pair(tool, pair) for pair in request.query.split("&")) if request.query else ""
        if auth.header:
            headers[auth.header] = f"{auth.prefix}{MASK}"
        elif auth.name:
            query = "&".join(filter(None, (query, f"{auth.name}={MASK}")))
        account = self._context.account
        shown: dict[str, Any] = {
            "method": request.method,
            "url": f"{account.base_url}{request.path}" + (f"?{query}" if query else ""),
            "headers": headers,
        }
        if request.content is not None:
            headers["content-type"] = "application/json"
            body = json.loads(request.content)
            whole = next((one for one in tool.parameters.values() if one.place == "whole_body"), None)
            if whole is not None:
                body = mask(body, whole.schema, types, secret=whole.secret)
            elif isinstance(body, dict):
                by_wire = {one.wire: one for one in tool.parameters.values()}
                body = {
                    name: mask(value, by_wire[name].schema, types, secret=by_wire[name].secret)
                    if name in by_wire
                    else mask({name: value}, {}, types)[name]
                    for name, value in body.items()
                }
            shown["body"] = body
        elif request.parts is not None:
            shown["parts"] = [
                {"name": part.name, "filename": part.filename, "bytes": len(part.content)} for part in request.parts
            ]
        return shown

    def _masked_pair(self, tool: Tool, pair: str) -> str:
        name, sign, value = pair.partition("=")
        secret = any(one.wire == name and one.secret for one in tool.parameters.values()) or _SECRET_NAME.search(name)
        return f"{name}{sign}{MASK}" if secret and sign else f"{name}{sign}{value}"

    def _hidden(self, text: str) -> str:
        key = self._context.account.key
        return hide_text(text, [key]) if key is not None else text

    def curl_of(self, shown: Mapping[str, Any]) -> str:
        """Return a masked request as a curl command; the key comes out of the account's variable.

        Example: `curl -X GET https://api.example.com/v2/calls -H "authorization: Bearer $EXAMPLE_API_KEY"`.
        """
        auth, account = self.registry.auth, self._context.account
        name = f"{self.registry.api.environment}_API_KEY"
        if account.name != "default":
            name += f"__{re.sub(r'[^A-Za-z0-9]', '_', account.name).upper()}"
        lines = [f"curl -X {shown['method']} {_with_key(shown['url'], name)}"]
        for header, value in shown["headers"].items():
            text = f"{header}: {value}"
            lines.append(f"-H {_with_key(text, name) if header == auth.header else shlex.quote(text)}")
        if "body" in shown and shown["body"] is not None:
            lines.append(f"--data-raw {shlex.quote(json.dumps(shown['body'], ensure_ascii=False))}")
        lines += [f"-F {shlex.quote(field)}" for field in _form(shown.get("parts") or ())]
        return " \\\n  ".join(lines)


def _form(parts: Iterable[Mapping[str, Any]]) -> Iterable[str]:
    for part in parts:
        filename = part.get("filename")
        yield f"{part['name']}=@{filename}" if filename else f"{part['name']}=..."


def _with_key(text: str, variable: str) -> str:
    """Quote text for a shell, with the variable where the key stands masked: `Bearer ***` -> `"Bearer $X_API_KEY"`."""
    if MASK not in text:
        return shlex.quote(text)
    plain = re.sub(r'([\\"$`])', r"\\\1", text)
    return f'"{plain.replace(MASK, f"${{{variable}}}")}"'


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_BODY else f"{text[:_LONGEST_BODY]}... ({len(text)} characters)"


def _milliseconds(started: float) -> int:
    return round((time.monotonic() - started) * 1000)
