"""A local stand-in for an API, driven by what the registry declares about its resources.

Owns nothing itself; the parts, each knowing only those above it:

| module | owns |
|---|---|
| clock | virtual time |
| templates | references, operators and conditions in declarations |
| replies | answers, refusals, error bodies |
| routes, requests, checks | which tool is meant, what was sent, whether it fits |
| samples | values from schemas |
| store, lifecycle | records, and how they change by themselves |
| lists, actions | what a request does to records, and what it answers |
| faults, transport | what goes wrong on demand; the way from request to response |
| sandbox | the public object |

No module knows a particular API or endpoint.
"""

from tool_runtime.sandbox.httpx_transport import SandboxTransport
from tool_runtime.sandbox.received import Received
from tool_runtime.sandbox.sandbox import START, Sandbox
from tool_runtime.sandbox.virtual_clock import Clock

__all__ = ["START", "Clock", "Received", "Sandbox", "SandboxTransport"]
