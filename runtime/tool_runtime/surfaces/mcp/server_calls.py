"""Calls of other servers for people and scripts: lists, schemas, calls, resources and prompts.

A call passes what a call of our own passes: arguments are checked first, then the policy is asked, then the intent is
written, and only then anything is sent. A tool that says of itself that it only reads is a read; every other one is a
write whose effects nobody knows. Blocking, and safe among threads.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tool_runtime.core.flow import Repeats
from tool_runtime.core.gate import Invocation
from tool_runtime.core.ledger import LedgerNotWritten
from tool_runtime.errors import ConfigurationError, PolicyRefused, UnknownTool
from tool_runtime.surfaces.common.client import Client
from tool_runtime.surfaces.mcp import server_ledger
from tool_runtime.surfaces.mcp.hub import BlockingHub
from tool_runtime.surfaces.mcp.server_answers import (
    check_arguments,
    contents_of,
    data_of,
    error_of,
    is_read,
    page_of,
    plain,
)
from tool_runtime.surfaces.mcp.server_ledger import Known, Write
from tool_runtime.surfaces.mcp.server_requests import every_item
from tool_runtime.values.suggestions import nearest, nearest_names

Confirm = Callable[[Invocation], Any]


@dataclass(frozen=True, slots=True)
class Answered:
    """What a call leaves: the data, the ledger's id, and the id of the call that this one repeats, if it is one."""

    data: Any
    record: str | None = None
    repeat_of: str | None = None


class ServerClient(Client):
    """A client of this program's own API whose policy and ledger the calls of other servers share. It sends nothing."""

    def write_word(self) -> str:
        """Return what the policy says of a write whose effects nobody knows."""
        return self._context.account.policy.decision("write")

    def now_ms(self) -> int:
        """Return the time of the ledger."""
        return int(self._clock.wall() * 1000)

    @property
    def is_forced(self) -> bool:
        """Whether `ask` is lifted."""
        return self._context.force


class ServerCalls:
    """The servers of one run. `confirm` answers where the policy asks; None where nobody can be asked."""

    def __init__(
        self,
        hub: BlockingHub,
        client: ServerClient | None,
        *,
        surface: str,
        confirm: Confirm | None = None,
        repeats: Repeats = "undelivered",
    ) -> None:
        self.hub, self._client = hub, client
        self._surface, self._confirm, self._repeats = surface, confirm, repeats
        self._tools: dict[str, list[dict[str, Any]]] = {}

    @property
    def client(self) -> ServerClient:
        """The client whose policy and ledger count."""
        if self._client is None:
            message = "these connections were made for lists alone"
            raise ConfigurationError(message)
        return self._client

    def use(self, client: ServerClient, confirm: Confirm | None) -> None:
        """Let calls go by a client's policy and ledger; lists need neither."""
        self._client, self._confirm = client, confirm

    def tools(self, server: str) -> list[dict[str, Any]]:
        """Return a server's tools as the protocol shows them, by name."""
        if server not in self._tools:
            found = self._list(server, "tools")
            self._tools[server] = sorted(found, key=lambda tool: str(tool["name"]))
        return self._tools[server]

    def _list(self, server: str, kind: str) -> list[dict[str, Any]]:
        found = self.hub.call(
            server, lambda client: every_item(client, kind), what=f"{server}: list of {kind}", is_read=True
        )
        return [plain(one) for one in found]

    def tool(self, server: str, name: str) -> dict[str, Any]:
        """Return one tool. Raises `UnknownTool` with the nearest names."""
        known = {str(tool["name"]): tool for tool in self.tools(server)}
        if name not in known:
            near = nearest_names(name, known)
            hint = f"Nearest: {', '.join(near)}." if near else f"Tools: {', '.join(known) or 'none'}."[:500]
            raise UnknownTool(f"the server {server} has no tool {name[:100]!r}", nearest=near, hint=hint)
        return known[name]

    def find(self, name: str) -> tuple[str, dict[str, Any]]:
        """Return the server and the tool of `SERVER.TOOL`; the name of a server may have dots."""
        servers = sorted(self.hub.places.entries(), key=len, reverse=True)
        server = next((one for one in servers if name.startswith(f"{one}.")), None)
        if server is None:
            head = name.partition(".")[0]
            near = nearest(head, servers)
            hint = f"Did you mean {near}.TOOL?" if near else f"Servers: {', '.join(sorted(servers)) or 'none'}."
            raise UnknownTool(f"{name[:100]!r} names no tool of a server: SERVER.TOOL", hint=hint)
        return server, self.tool(server, name.removeprefix(f"{server}."))

    def verdict(self, tool: Mapping[str, Any], confirm: Confirm | None = None) -> str:
        """Return what would be decided on a tool: `allow`, `ask`, `refuse` (nobody can be asked) or `deny`.

        `confirm` is who would be asked; None: whoever answers for every call.
        """
        word = "allow" if is_read(tool) else self.client.write_word()
        if word == "ask":
            return "allow" if self.client.is_forced else "ask" if confirm or self._confirm else "refuse"
        return word

    def call(
        self,
        server: str,
        name: str,
        arguments: Any,
        *,
        again: bool = False,
        key: str | None = None,
        record: str | None = None,
        confirm: Confirm | None = None,
    ) -> Answered:
        """Call a tool of a server. Raises errors of the tree.

        `record` is the ledger id that a write shall have. `confirm` answers where the policy asks; None: whoever
        answers for every call.
        """
        tool = self.tool(server, name)
        what = f"{server}.{name}"
        check_arguments(what, tool.get("inputSchema"), arguments)
        given = dict(arguments)
        if is_read(tool):
            return Answered(data_of(self._sent(server, name, given, what, reads=True)))
        self._pass_gate(server, tool, given, what, confirm or self._confirm)
        write = Write(server, name, given, self._surface, again, key, record)
        ledger = self.client.ledger
        try:
            record = server_ledger.begin(ledger, write, self.client.now_ms(), self._repeats)
        except Known as known:
            return Answered(data_of(known.result), known.first, known.first)
        try:
            result = self._sent(server, name, given, what, reads=False)
        except BaseException as error:
            server_ledger.failed(ledger, record, self.client.now_ms(), error)
            raise
        server_ledger.done(ledger, record, self.client.now_ms(), result)
        return Answered(data_of(result), record)

    def delivered(self, answered: Answered) -> None:
        """Write that the caller has the result. A delivery that is not written is the safe case."""
        if self.client.ledger is not None and answered.record is not None:
            try:
                self.client.ledger.deliver(answered.record)
            except LedgerNotWritten:
                return

    def _pass_gate(
        self, server: str, tool: Mapping[str, Any], given: Mapping[str, Any], what: str, confirm: Confirm | None
    ) -> None:
        verdict = self.verdict(tool, confirm)
        if verdict == "allow":
            return
        said = f"{what} may change something (it does not say that it only reads)"
        if verdict == "deny":
            raise PolicyRefused(f"{said}, and the policy denies writes", tool=what, hint="Nothing was sent.")
        if verdict == "refuse" or confirm is None:
            message = f"{said}, and nobody can be asked"
            raise PolicyRefused(message, tool=what, hint="Run it on a terminal, or add --force. Nothing was sent.")
        invocation = Invocation(
            tool=what,
            tool_class="write",
            effects=(),
            account=self.client.account_name,
            surface=self._surface,
            base_url=f"the server {server}",
            arguments=given,
            request={},
            summary=str(tool.get("description") or "").split("\n")[0][:200],
        )
        if confirm(invocation) is not True:
            raise PolicyRefused(f"{what} was not confirmed", tool=what, hint="Nothing was sent.")

    def _sent(self, server: str, name: str, given: dict[str, Any], what: str, *, reads: bool) -> dict[str, Any]:
        result: dict[str, Any] = plain(self.hub.call_tool(server, name, given, what=what, is_read=reads))
        error = error_of(what, result, is_read=reads)
        if error is not None:
            raise error
        return result

    def resources(self, server: str) -> dict[str, list[dict[str, Any]]]:
        """Return a server's resources, and its templates."""
        return {
            "resources": self._list(server, "resources"),
            "templates": self._list(server, "templates"),
        }

    def read_resource(self, server: str, uri: str) -> list[dict[str, Any]]:
        """Return the contents of a resource."""
        what = f"{server}: {uri}"[:200]
        return contents_of(self.hub.call(server, lambda client: client.read_resource(uri), what=what, is_read=True))

    def prompts(self, server: str) -> list[dict[str, Any]]:
        """Return a server's prompts."""
        return self._list(server, "prompts")

    def get_prompt(self, server: str, name: str, arguments: Mapping[str, str]) -> dict[str, Any]:
        """Return a prompt with its arguments in place."""
        what = f"{server}: prompt {name}"[:200]
        result: dict[str, Any] = plain(
            self.hub.call(server, lambda client: client.get_prompt(name, dict(arguments)), what=what, is_read=True)
        )
        return result

    def page(self, server: str) -> str:
        """Return the page of a server: its tools and their arguments."""
        return page_of(server, list(self.tools(server)))
