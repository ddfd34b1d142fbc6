"""Prompts for common work: what a person chooses, fills in, and hands to a model. Knows no surface."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tool_runtime.core.tools import read_entry


@dataclass(frozen=True, slots=True)
class PromptArgument:
    """What a person gives to a prompt."""

    name: str
    description: str = ""
    required: bool = False


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt for common work. `{name}` in the text stands for an argument."""

    name: str
    title: str
    summary: str
    text: str
    arguments: tuple[PromptArgument, ...] = ()

    def text_for(self, given: Mapping[str, str]) -> str:
        """Return the text with the arguments in place: `"Read {id}."` with `{"id": "c1"}` -> `"Read c1."`.

        Of an argument that was not given, `(not given)` stands in the text.
        """
        text = self.text
        names = "|".join(re.escape(one.name) for one in self.arguments)
        if not names:
            return text
        return re.sub(rf"\{{({names})\}}", lambda found: given.get(found[1]) or "(not given)", text)


def read_prompt(name: str, entry: Mapping[str, Any]) -> Prompt:
    """Make a `Prompt` of its registry entry."""
    given = entry.get("arguments", {})
    arguments = tuple(read_entry(PromptArgument, one, name=argument) for argument, one in given.items())
    return read_entry(Prompt, entry, name=name, arguments=arguments)
