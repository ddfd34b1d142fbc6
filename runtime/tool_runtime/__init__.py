"""The runtime: executes any entry of a registry over HTTP.

    errors          the tree of errors that every package raises
    values/         what callers pass, as JSON: snapshots, schemas, secrets
    core/           what a call is, without I/O: registry, binding, gate, attempts, steps, pages, waits
    http/           the seam to httpx, and the two drivers
    accounts/       whose key goes where; the ledger and its caps
    sandbox/        a local stand-in for the API; its engine knows no httpx
    surfaces/       ways to reach the tools: Python, command line, Lua; what they share stands in common
    webhooks        deliveries that come in

A package imports from the lines above its own; a surface imports no other surface. No module knows the API that it
serves: all of that is data. Optional surfaces are imported when they are used.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tool_runtime.accounts.caps import Caps
    from tool_runtime.accounts.memory_ledger import MemoryLedger
    from tool_runtime.accounts.sqlite_ledger import Ledger
    from tool_runtime.core.account import Account, Policy
    from tool_runtime.core.gate import Invocation
    from tool_runtime.core.options import RequestOptions
    from tool_runtime.core.registry import Registry, load_registry
    from tool_runtime.errors import ToolError
    from tool_runtime.sandbox import Failure, Sandbox
    from tool_runtime.surfaces.common.client import AsyncClient, Client
    from tool_runtime.surfaces.common.deprecation import ToolDeprecationWarning
    from tool_runtime.surfaces.common.package import Package
    from tool_runtime.surfaces.lua.lua_session import LuaSession, run_lua
    from tool_runtime.surfaces.lua.script_limits import LuaLimits
    from tool_runtime.surfaces.lua.script_results import LuaResult

_HOMES = {
    "Account": "core.account",
    "AsyncClient": "surfaces.common.client",
    "Caps": "accounts.caps",
    "Client": "surfaces.common.client",
    "Failure": "sandbox",
    "Invocation": "core.gate",
    "Ledger": "accounts.sqlite_ledger",
    "LuaLimits": "surfaces.lua.script_limits",
    "LuaResult": "surfaces.lua.script_results",
    "LuaSession": "surfaces.lua.lua_session",
    "MemoryLedger": "accounts.memory_ledger",
    "Package": "surfaces.common.package",
    "Policy": "core.account",
    "Registry": "core.registry",
    "RequestOptions": "core.options",
    "Sandbox": "sandbox",
    "ToolDeprecationWarning": "surfaces.common.deprecation",
    "ToolError": "errors",
    "load_registry": "core.registry",
    "run_lua": "surfaces.lua.lua_session",
}
__all__ = [
    "Account",
    "AsyncClient",
    "Caps",
    "Client",
    "Failure",
    "Invocation",
    "Ledger",
    "LuaLimits",
    "LuaResult",
    "LuaSession",
    "MemoryLedger",
    "Package",
    "Policy",
    "Registry",
    "RequestOptions",
    "Sandbox",
    "ToolDeprecationWarning",
    "ToolError",
    "load_registry",
    "run_lua",
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
