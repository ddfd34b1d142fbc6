"""Scripts for other surfaces: the seam through which the command line and MCP reach the surface Lua.

A surface imports no other surface. This module hands out what host programs get too, loaded when it is first asked for:
most processes run no script.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tool_runtime.accounts.script_journal import JournalRun, resumable_runs
    from tool_runtime.surfaces.lua.lua_session import LuaConversation, LuaSession, run_lua
    from tool_runtime.surfaces.lua.lua_syntax import parse, without_top_level_locals
    from tool_runtime.surfaces.lua.lua_words import Unfinished
    from tool_runtime.surfaces.lua.namespaces import Namespace, Prepared
    from tool_runtime.surfaces.lua.script_check import check_script
    from tool_runtime.surfaces.lua.script_limits import LuaLimits
    from tool_runtime.surfaces.lua.script_results import LuaResult

_LUA = "tool_runtime.surfaces.lua"
_HOMES = {
    "JournalRun": "tool_runtime.accounts.script_journal",
    "LuaConversation": f"{_LUA}.lua_session",
    "LuaLimits": f"{_LUA}.script_limits",
    "LuaResult": f"{_LUA}.script_results",
    "LuaSession": f"{_LUA}.lua_session",
    "Namespace": f"{_LUA}.namespaces",
    "Prepared": f"{_LUA}.namespaces",
    "Unfinished": f"{_LUA}.lua_words",
    "check_script": f"{_LUA}.script_check",
    "parse": f"{_LUA}.lua_syntax",
    "resumable_runs": "tool_runtime.accounts.script_journal",
    "run_lua": f"{_LUA}.lua_session",
    "without_top_level_locals": f"{_LUA}.lua_syntax",
}
__all__ = [
    "JournalRun",
    "LuaConversation",
    "LuaLimits",
    "LuaResult",
    "LuaSession",
    "Namespace",
    "Prepared",
    "Unfinished",
    "check_script",
    "parse",
    "resumable_runs",
    "run_lua",
    "without_top_level_locals",
]


def __getattr__(name: str) -> Any:
    """Import a name when it is first used."""
    if name not in _HOMES:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
