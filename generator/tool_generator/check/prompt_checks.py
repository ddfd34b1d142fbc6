"""Checks of prompts: every `{name}` of a text is an argument, every argument stands in the text, and tools exist."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tool_generator.problems import nearest, quoted

if TYPE_CHECKING:
    from tool_generator.load.spec import Spec
    from tool_generator.problems import Report

_PLACE = re.compile(r"\{([a-z][a-z0-9_]*)\}")
_TOOL = re.compile(r"`([a-z][a-z0-9]*(?:_[a-z0-9]+)+)`")


def check_prompts(spec: Spec, report: Report) -> None:
    """Check every prompt under `prompts`. What looks like a tool in backquotes has to be a tool, or an argument."""
    for prompt in spec.prompts.values():
        if not prompt.whole:
            continue
        arguments, text = prompt.data.get("arguments", {}), prompt.data["text"]
        used = set(_PLACE.findall(text))
        for name in sorted(used - set(arguments)):
            hint = nearest(name, arguments)
            report.problem(prompt.where("text"), f"{prompt.name}: there is no argument {quoted(name)}{hint}")
        for name in arguments:
            if name not in used:
                where = prompt.where("arguments", name, key=True)
                report.problem(where, f"{prompt.name}: the text uses no {quoted('{' + name + '}')}")
        for name in _TOOL.findall(text):
            if name not in spec.tools and name not in spec.waiters and name not in arguments:
                hint = nearest(name, spec.tools)
                report.problem(prompt.where("text"), f"{prompt.name}: there is no tool {quoted(name)}{hint}")
