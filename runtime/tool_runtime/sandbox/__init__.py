"""A local stand-in for an API, driven by what the registry declares about its resources.

The parts, each knowing only those above it:

| module | owns |
|---|---|
| mistakes | what a user hands in, and how a mistake is answered |
| virtual_clock | time that costs nothing |
| scope | the names that a declaration may use |
| exchange | a request and a reply as plain data; the signal that no reply comes |
| answers | answers, refusals, error bodies |
| routes, received, checks | which tool is meant, what was sent, whether that fits |
| samples | values from schemas |
| store, lifecycle | records, and how they change by themselves |
| lists, handling, actions | what a request does to records, and what is answered |
| failures, engine | what goes wrong on demand; the way from request to reply |
| sandbox | the public object |
| httpx_transport | the engine as an httpx transport; the only module that knows httpx |

No module knows a particular API or endpoint.
"""

from tool_runtime.sandbox.exchange import Incoming, NoAnswer, Outgoing
from tool_runtime.sandbox.failures import Failure
from tool_runtime.sandbox.received import Received
from tool_runtime.sandbox.sandbox import START, Sandbox
from tool_runtime.sandbox.virtual_clock import VirtualClock

__all__ = ["START", "Failure", "Incoming", "NoAnswer", "Outgoing", "Received", "Sandbox", "VirtualClock"]
