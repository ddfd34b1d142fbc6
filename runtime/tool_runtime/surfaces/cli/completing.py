"""What may come next on a command line: commands, flags, tools and their arguments, and values.

Owns the walk over the words: which command they are in, what was given, and which option still waits for its value. A
shell calls the program for each press of the key, so nothing is loaded that the place does not need. Values stand in
`completing_values`. Whatever goes wrong means that there is nothing to offer: a message would land in the middle of
what somebody types.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

import click

from tool_runtime.core.tools import Parameter, Tool
from tool_runtime.surfaces.cli import completing_values as values
from tool_runtime.surfaces.cli.commands import COMMANDS, command_of, first_word, plain_spelling
from tool_runtime.surfaces.cli.common_options import common_options
from tool_runtime.surfaces.cli.completing_values import Offer
from tool_runtime.surfaces.cli.session import Session
from tool_runtime.surfaces.cli.typed_text import Types

# Commands whose first word says what the words behind mean.
_CALLING = ("call", "wait")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a command line stands: the command, the words given to it, and the option that waits for its value.

    `path` are the names that lead to the command: `("sync", "pull")`. `behind` are the words behind the target of a
    call: they are the tool's own business.
    """

    path: tuple[str, ...]
    command: click.Command
    given: tuple[str, ...] = ()
    waiting: click.Option | None = None
    behind: tuple[str, ...] = field(default=())

    @property
    def options(self) -> list[click.Option]:
        """The options of the command."""
        return [one for one in self.command.params if isinstance(one, click.Option)]


def offers(session: Session, words: Sequence[str], incomplete: str) -> list[Offer]:
    """Return what may stand in place of an unfinished word. `words` are those before, without the program's name."""
    with suppress(Exception):
        joined, incomplete = _joined(list(words), incomplete)
        found = _offers(session, joined, incomplete)
        return [offer for offer in found if offer.kind != "plain" or offer.word.startswith(incomplete)]
    return []


def _joined(words: list[str], incomplete: str) -> tuple[list[str], str]:
    """Undo the parting of words at `=` and `:` that bash does.

    `["--a", "="], "b"` -> `["--a"], "b"`, the same for `a=b`; `["mcp", ":", "tools"], ""` -> `["mcp:tools"], ""`.
    """
    if words[1:2] == [":"] and len(words) > 2:  # noqa: PLR2004 - a spelling has two parts and a colon
        words = ["".join(words[:3]), *words[3:]]
    if incomplete == "=":
        words, incomplete = [*words, "="], ""
    if len(words) > 1 and words[-1] == "=":
        name = words[-2]
        return [*words[:-2], name if name.startswith("-") else f"--{name}"], incomplete
    return words, incomplete


def _offers(session: Session, words: list[str], incomplete: str) -> Iterable[Offer]:
    start = first_word(words)
    if start is None:
        waiting = _option(common_options(), words[-1]) if words else None
        return _first_words(session, incomplete) if waiting is None else values.of_option(session, waiting)
    plain = plain_spelling(session, words[start:])
    if plain[0] not in COMMANDS:
        plain = ["call", *plain]
    place = _walk(plain)
    if place.waiting is not None:
        return values.of_option(session, place.waiting)
    name, separator, begun = incomplete.partition("=")
    option = _option(place.options, name) if separator and name.startswith("--") else None
    if option is not None:
        found = values.of_option(session, option)
        return [replace(one, word=f"{name}={one.word}") for one in found if one.word.startswith(begun)]
    if place.path[0] in _CALLING and place.given:
        return _arguments(session, place, words, incomplete)
    if incomplete.startswith("-"):
        return _flags(place.options)
    if isinstance(place.command, click.Group):
        return [*_subcommands(place.command), *values.of_word(session, place.path, place.command, place.given)]
    return values.of_word(session, place.path, place.command, place.given)


def _walk(words: Sequence[str]) -> Place:
    """Follow the words into the command that they name: `["sync", "pull", "--dir", "x", "llms"]` -> `sync pull`."""
    place, waiting = Place((words[0],), command_of(words[0])), list(words[1:])
    while waiting:
        word = waiting.pop(0)
        option = _option(place.options, word)
        if option is not None and not option.is_flag:
            if not waiting:
                return replace(place, waiting=option)
            # The value of `--wait` may be left out.
            if not (waiting[0].startswith("-") and word == "--wait"):
                waiting.pop(0)
        elif word.startswith("-") and word != "-":
            continue
        elif isinstance(place.command, click.Group):
            inner = place.command.get_command(click.Context(place.command), word)
            if inner is None:
                return replace(place, given=(*place.given, word))
            place = Place((*place.path, word), inner)
        else:
            place = replace(place, given=(*place.given, word))
            if place.path[0] in _CALLING:
                return _behind_target(place, waiting)
    return place


def _behind_target(place: Place, words: list[str]) -> Place:
    option = _option(place.options, words[-1]) if words else None
    waiting = option if option is not None and not option.is_flag else None
    return replace(place, behind=tuple(words), waiting=waiting)


def _option(options: Iterable[click.Option], word: str) -> click.Option | None:
    return next((one for one in options if word in one.opts), None)


def _first_words(session: Session, incomplete: str) -> Iterator[Offer]:
    if incomplete.startswith("-"):
        yield from _flags(common_options())
        yield Offer("--version", "Show the version.")
        return
    yield from (Offer(name, about) for name, (_, about) in COMMANDS.items())
    if incomplete:
        yield from values.tools(session)


def _subcommands(group: click.Group) -> Iterator[Offer]:
    context = click.Context(group)
    for name in group.list_commands(context):
        found = group.get_command(context, name)
        yield Offer(name, found.get_short_help_str() if found is not None else "")


def _flags(options: Iterable[click.Option]) -> Iterator[Offer]:
    for option in options:
        yield from (Offer(name, option.help or "") for name in option.opts if name.startswith("--"))
    yield Offer("--help", "Show the help.")


def _arguments(session: Session, place: Place, words: Sequence[str], incomplete: str) -> Iterable[Offer]:
    """Return the arguments of the tool, as flags or as `name=`, and their values."""
    registry = session.registry
    target = place.given[0]
    tool = registry.resolve(target if place.path[0] == "call" else registry.waiter(target).tool)
    name, separator, _ = incomplete.partition("=")
    if separator:
        schema, known = _schema_at(session, tool, name.removeprefix("--").removesuffix(":"))
        return [Offer(f"{name}={value}") for value in values.of_schema(session, tool, known, schema, words)]
    last = place.behind[-1] if place.behind else ""
    if last.startswith("--") and not incomplete.startswith("--"):
        schema, known = _schema_at(session, tool, last.removeprefix("--"))
        if known:
            return map(Offer, values.of_schema(session, tool, known, schema, words))
    if incomplete.startswith("--") and "." in incomplete:
        return _nested(session, tool, incomplete)
    if incomplete.startswith("-") or not incomplete:
        given = {word.removeprefix("--").partition("=")[0].replace("-", "_") for word in place.behind}
        flags = [
            Offer(f"--{parameter.name.replace('_', '-')}", parameter.description.split("\n")[0])
            for parameter in tool.parameters.values()
            if parameter.name not in given
        ]
        return [*flags, *(_flags(place.options) if incomplete.startswith("-") else ())]
    return (Offer(f"{parameter.name}=", parameter.description.split("\n")[0]) for parameter in tool.parameters.values())


def _nested(session: Session, tool: Tool, incomplete: str) -> Iterator[Offer]:
    """Offer the fields below a flag: `--data.agent_n` -> `--data.agent_name`."""
    above = incomplete.rpartition(".")[0]
    schema, known = _schema_at(session, tool, above.removeprefix("--"))
    if known:
        for name, inner in Types(session.registry.types).fields(schema).items():
            about = inner.get("description", "") if isinstance(inner, dict) else ""
            yield Offer(f"{above}.{name}", str(about).split("\n")[0])


def _schema_at(session: Session, tool: Tool, path: str) -> tuple[Any, str]:
    """Return the schema of an argument or of a field in it, and the field's name; no name where there is no such one.

    Example: `data.voice-id` -> the schema of the voice's id, `voice_id`.
    """
    first, *steps = path.split(".")
    parameter = tool.names.get(first) or tool.names.get(first.replace("-", "_"))
    if parameter is None:
        return {}, ""
    types, schema, name = Types(session.registry.types), _accepted(tool, parameter), parameter.name
    for step in steps:
        name = types.spelled(schema, step)
        schema = types.at(schema, name)
    return schema, name


def _accepted(tool: Tool, parameter: Parameter) -> Any:
    """Return the schema of an argument. What is spread into the body holds the fields of the body."""
    if parameter.place != "spread":
        return parameter.accepted
    body = (one for one in tool.parameters.values() if one.place == "body")
    return {"type": "object", "properties": {one.wire: one.accepted for one in body}}
