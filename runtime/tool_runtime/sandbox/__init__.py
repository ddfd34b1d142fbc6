"""A local stand-in for an API, driven by what the registry declares about its resources.

The parts, each knowing only those above it:

| module | owns |
|---|---|
| mistakes | what a user hands in, and how a mistake is answered |
| clocks | time: virtual, or running with the machine's |
| scope, operators | the names and operators that a declaration may use |
| exchange | a request and a reply as plain data; the signal that no reply comes |
| answers | answers, refusals, error bodies |
| routes, forms, received, checks | which tool is meant, what was sent, whether that fits |
| samples | values from schemas |
| store, changes, lifecycle | records and their versions, how they change, and how they change by themselves |
| lists, handling, actions | what a request does to records, and what is answered |
| failures, engine | what goes wrong on demand; the way from request to reply |
| addresses, twists, deliveries | the webhooks that records cause, where these go, and what goes wrong with them |
| webhook_answers, made_up_arguments, asked_servers | what a user's server is asked, and what its answer changes |
| saved_state | all of that as JSON, and in a file |
| sandbox | the public object |
| httpx_transport | the engine as an httpx transport |
| server | the sandbox on a port, with its own API and web page; senders of webhooks |

No module knows a particular API or endpoint.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tool_runtime.sandbox.clocks import RunningClock, VirtualClock
    from tool_runtime.sandbox.deliveries import DeliveryRequest
    from tool_runtime.sandbox.exchange import Incoming, NoAnswer, Outgoing
    from tool_runtime.sandbox.failures import Failure
    from tool_runtime.sandbox.received import Received
    from tool_runtime.sandbox.sandbox import START, Sandbox
    from tool_runtime.sandbox.twists import Twist

# Names are loaded when they are used: whoever needs the operators alone, as the generator does, loads no engine.
_HOMES = {
    "START": "sandbox",
    "DeliveryRequest": "deliveries",
    "Failure": "failures",
    "Incoming": "exchange",
    "NoAnswer": "exchange",
    "Outgoing": "exchange",
    "Received": "received",
    "RunningClock": "clocks",
    "Sandbox": "sandbox",
    "Twist": "twists",
    "VirtualClock": "clocks",
}
__all__ = [
    "START",
    "DeliveryRequest",
    "Failure",
    "Incoming",
    "NoAnswer",
    "Outgoing",
    "Received",
    "RunningClock",
    "Sandbox",
    "Twist",
    "VirtualClock",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return list(__all__)
