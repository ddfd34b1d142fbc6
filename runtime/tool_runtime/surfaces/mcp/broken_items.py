"""Broken items: what another server lists and the protocol does not allow is left out, and costs no other item.

The SDK refuses a whole list for one tool with a wrong schema. A sieve stands between the transport and the SDK, knows
which requests asked for a list, and takes the broken items out of the answers. Must not know: connections, servers.
"""

from collections import OrderedDict
from typing import Any

from mcp_types.methods import validate_server_result
from mcp_types.version import LATEST_HANDSHAKE_VERSION, LATEST_MODERN_VERSION

LISTS = {
    "tools/list": "tools",
    "resources/list": "resources",
    "resources/templates/list": "resourceTemplates",
    "prompts/list": "prompts",
}
MOST_WAITING = 1_000


class Sieve:
    """The sieve of one connection."""

    def __init__(self) -> None:
        self._waiting: OrderedDict[int | str, str] = OrderedDict()

    def sent(self, message: Any) -> None:
        """Take note of a message that goes out."""
        if getattr(message, "method", None) in LISTS and hasattr(message, "id"):
            self._waiting[message.id] = message.method
            while len(self._waiting) > MOST_WAITING:
                self._waiting.popitem(last=False)

    def sift(self, message: Any) -> Any:
        """Return a message that arrived, without broken items where the message is a list that was asked for."""
        method = self._waiting.pop(message.id, None) if hasattr(message, "result") else None
        if method is None or not isinstance(message.result, dict):
            return message
        kind, raw = LISTS[method], message.result
        listed = raw.get(kind)
        if not isinstance(listed, list) or _is_allowed(method, raw):
            return message
        kept = [one for one in listed if _is_allowed(method, {**raw, kind: [one]})]
        return message.model_copy(update={"result": {**raw, kind: kept}})


def _is_allowed(method: str, result: dict[str, Any]) -> bool:
    version = LATEST_MODERN_VERSION if "resultType" in result else LATEST_HANDSHAKE_VERSION
    try:
        validate_server_result(method, version, result)
    except (ValueError, KeyError, RecursionError):
        return False
    return True
