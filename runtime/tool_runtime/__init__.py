"""The runtime: executes any entry of a registry over HTTP.

    names, templates, urls, clock, secrets      plain text and data, no knowledge of tools
    registry, accounts                          the compiled spec as frozen objects; whose key goes where
    values, fields, explanations, validation    plain JSON, and what of it fits a schema
    options                                     what a caller sets for one call
    shapes, binding                             arguments: from what was passed to what is known to be right
    requests, replies                           what goes over the wire, what came back
    flow, sending, steps, calls                 the life of a call, as generators without I/O
    preview, transport, client                  dry runs, httpx, the two drivers and the Python surface
    webhooks                                    deliveries that come in; needs nothing above but errors
    sandbox/, cli/                              the local stand-in, the command line

Arrows point upwards in this list only: a module imports from the lines above it. No module knows the API that it
serves; all of that is data. Optional surfaces are imported when they are used.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tool_runtime.core.account import Account, Policy
    from tool_runtime.core.errors import ToolError
    from tool_runtime.core.options import RequestOptions
    from tool_runtime.core.registry import Registry, load_registry
    from tool_runtime.surfaces.common.client import AsyncClient, Client
    from tool_runtime.surfaces.common.deprecation import ToolDeprecationWarning

_HOMES = {
    "Account": "core.account",
    "AsyncClient": "surfaces.common.client",
    "Client": "surfaces.common.client",
    "Policy": "core.account",
    "Registry": "core.registry",
    "RequestOptions": "core.options",
    "ToolDeprecationWarning": "surfaces.common.deprecation",
    "ToolError": "core.errors",
    "load_registry": "core.registry",
}
__all__ = [
    "Account",
    "AsyncClient",
    "Client",
    "Policy",
    "Registry",
    "RequestOptions",
    "ToolDeprecationWarning",
    "ToolError",
    "load_registry",
]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used, so that importing the package costs nothing."""
    if name not in _HOMES:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    """List the public names."""
    return list(__all__)
