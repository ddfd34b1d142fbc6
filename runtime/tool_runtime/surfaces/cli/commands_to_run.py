"""Commands that a message tells its reader to run: the whole command, ready to paste into a shell.

A recipe that lacks an argument, or the account of the call, sends its reader to the wrong place. So a command holds
every argument, and each option that decides where a call goes.
"""

import json
import shlex
from collections.abc import Mapping
from typing import Any

from tool_runtime.surfaces.cli.session import Session


def command_for(session: Session, recipe: Mapping[str, Any]) -> str:
    """Return the command of a recipe: `{"tool", "arguments"}` is a call, `{"waiter", "arguments"}` a wait.

    Example: `{"tool": "get_call", "arguments": {"call_id": "c"}}` -> `tools call get_call '{"call_id": "c"}'`.
    """
    words = [session.program, *(["wait", recipe["waiter"]] if recipe.get("waiter") else ["call", recipe["tool"]])]
    if session.account is not None:
        words += ["--account", session.account]
    if session.sandbox:
        words.append("--sandbox")
    # ASCII alone: what is pasted into a shell means the same in every encoding, and holds nothing that acts on it.
    words.append(json.dumps(recipe.get("arguments") or {}))
    return shlex.join(words)
