"""Changes of lists, told to our own clients.

In the newer era a client asks for them by a request that stays open (`subscriptions/listen`, served by the SDK over a
bus); in the older one the server sends a notification to every connection that was seen. Must not know: what is listed.
"""

from collections import OrderedDict
from typing import Any

from mcp.server.subscriptions import InMemorySubscriptionBus, ListenHandler
from mcp.shared.subscriptions import PromptsListChanged, ResourcesListChanged, ToolsListChanged
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

MOST_CONNECTIONS = 256


class ListChanges:
    """Tells clients that a list has changed."""

    def __init__(self) -> None:
        self._bus = InMemorySubscriptionBus()
        self.listen = ListenHandler(self._bus)
        self._seen: OrderedDict[int, tuple[Any, Any]] = OrderedDict()

    def saw(self, context: Any) -> None:
        """Remember the connection of a request, where it is one of the older era."""
        greeting = context.session.client_params
        if greeting is None or context.protocol_version in MODERN_PROTOCOL_VERSIONS:
            return
        # The greeting is kept by the connection for as long as the connection lives, and so names the connection.
        self._seen[id(greeting)] = (greeting, context.session)
        while len(self._seen) > MOST_CONNECTIONS:
            self._seen.popitem(last=False)

    async def tell(self, kind: str) -> None:
        """Tell every client that the list of `tools`, `resources` or `prompts` has changed."""
        events: Any = {"tools": ToolsListChanged, "resources": ResourcesListChanged, "prompts": PromptsListChanged}
        await self._bus.publish(events[kind]())
        for _, session in list(self._seen.values()):
            send = {
                "tools": session.send_tool_list_changed,
                "resources": session.send_resource_list_changed,
                "prompts": session.send_prompt_list_changed,
            }[kind]
            # A connection that is gone takes nothing, and raises nothing.
            await send()
