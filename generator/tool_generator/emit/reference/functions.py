"""The entry of one function: everything that a caller of this tool has to know.

Arguments and fields are lists and no tables: a list breaks no name on a narrow screen, needs no escape inside code, and
holds nested fields at their place.

This module knows registry entries. It must not know the order in which pages show things.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tool_generator.emit.reference.links import Links
from tool_generator.emit.reference.markdown import blocks, code, fence, inline, listed, paragraph
from tool_generator.emit.reference.notation import details, limits, notation, samples, type_name
from tool_generator.emit.reference.outcomes import particular
from tool_generator.emit.reference.sample_arguments import example_arguments
from tool_generator.emit.reference.snippets import Snippets, lua_path, snippets
from tool_runtime.core.registry import Registry
from tool_runtime.core.tools import Parameter, Step, Tool, Waiter

EFFECTS: Mapping[str, str] = {
    "dial": "a telephone rings",
    "spend": "it costs money",
    "publish": "others see or meet the change at once",
    "destroy": "what is gone does not come back",
}


@dataclass(frozen=True, slots=True)
class DocumentedApi:
    """The registry that the pages are made of. `written` caches the calls of each tool."""

    registry: Registry
    written: dict[str, list[tuple[str, Snippets]]] = field(default_factory=dict)

    @property
    def types(self) -> Mapping[str, Any]:
        """The shared types by name."""
        return self.registry.types

    @property
    def namespace(self) -> str:
        """The Lua table that holds the tools."""
        return f"app.integrations.{self.registry.api.name}"


@dataclass(frozen=True, slots=True)
class Code:
    """A fenced piece of code."""

    language: str
    text: str

    @property
    def fence(self) -> str:
        """The fence around it."""
        return fence(self.text)


@dataclass(frozen=True, slots=True)
class Example:
    """One example: a title as a Markdown paragraph, and the call in every language."""

    title: str
    codes: tuple[Code, ...]


@dataclass(frozen=True, slots=True)
class Function:
    """A function's entry in Markdown: `summary` and `prose` are blocks, all others are lines."""

    name: str
    badges: str
    notices: tuple[str, ...]
    summary: str
    prose: str
    steps: tuple[str, ...]
    examples: tuple[Example, ...]
    arguments: tuple[str, ...]
    rules: tuple[str, ...]
    returns: tuple[str, ...]
    errors: tuple[str, ...]
    names: tuple[str, ...]


def function(tool: Tool, api: DocumentedApi, links: Links) -> Function:
    """Return the entry of one tool."""
    return Function(
        name=inline(tool.name),
        badges=_badges(tool),
        notices=tuple(_notices(tool, links)),
        summary=links.prose(paragraph(tool.summary)),
        prose=links.prose(blocks(tool.description)),
        steps=tuple(_steps(tool, links)),
        examples=tuple(_examples(tool, api)),
        arguments=tuple(_arguments(tool, api, links)),
        rules=tuple(_constraint(one.rule, listed(map(code, one.names))) for one in tool.constraints),
        returns=tuple(_returns(tool, api, links)),
        errors=tuple(particular(tool, links)),
        names=tuple(_names(tool, api)),
    )


def calls(tool: Tool, api: DocumentedApi) -> list[tuple[str, Snippets]]:
    """Return each example of a tool with its title in plain text. A tool without examples gets one that is made up."""
    if tool.name not in api.written:
        examples = [(example.title, example.arguments) for example in tool.examples]
        command, result = api.registry.api.command, result_name(tool)
        api.written[tool.name] = [
            (title, snippets(tool.name, arguments, namespace=api.namespace, command=command, result=result))
            for title, arguments in examples or [("", example_arguments(tool, api.types))]
        ]
    return api.written[tool.name]


def result_name(tool: Tool) -> str | None:
    """Return a variable name for the result of a tool; None if the tool returns nothing.

    Example: the result of `list_calls` is `calls`, that of `end_call` is `result`.
    """
    if tool.returns.schema is None:
        return None
    verb, _, noun = tool.name.partition("_")
    return noun if noun and verb in {"get", "list", "create"} else "result"


def badges(tool: Tool) -> str:
    """Return the class and the effects of a tool in words: `write, dial`."""
    return ", ".join([tool.tool_class, *tool.effects])


def _badges(tool: Tool) -> str:
    request = f"{tool.method} {tool.path}" + (" (multipart)" if tool.body == "multipart" else "")
    return " · ".join(map(code, (tool.tool_class, *tool.effects, request)))


def _notices(tool: Tool, links: Links) -> Iterator[str]:
    if tool.deprecated or tool.sunset or tool.replaced_by:
        words = ["**Deprecated.**"]
        if tool.sunset:
            words.append(f"The tool ends on {inline(str(tool.sunset))}.")
        if tool.replaced_by:
            words.append(f"Use {links.to_tool(tool.replaced_by)} instead.")
        yield " ".join(words)
    effects = [EFFECTS[effect] for effect in tool.effects if effect in EFFECTS]
    if effects:
        numbers = listed((code(number.removeprefix("$")) for number in tool.numbers), "and")
        rings = f" The number that rings: {numbers}." if tool.numbers else ""
        yield f"**Warning:** {listed(effects)}.{rings}"


def _steps(tool: Tool, links: Links) -> Iterator[str]:
    for step in tool.steps.before:
        yield f"First: {links.to_tool(step.tool)}{_condition(step)}."
    for step in tool.steps.after:
        absent = f" Null where that fails, and {code('unavailable.' + step.id)} says why." if step.optional else ""
        yield f"Then: {links.to_tool(step.tool)}{_condition(step)}, in the result as {code(step.id)}.{absent}"


def _condition(step: Step) -> str:
    return "" if step.when is None else f", where {code(step.when)} is given"


def _arguments(tool: Tool, api: DocumentedApi, links: Links) -> Iterator[str]:
    for parameter in tool.parameters.values():
        yield from _argument(parameter, tool, api, links)


def outline(tool: Tool, api: DocumentedApi, links: Links) -> Iterator[str]:
    """Yield the lines of the arguments, without details of those that are not required."""
    for parameter in tool.parameters.values():
        if parameter.required:
            yield from _argument(parameter, tool, api, links)
        else:
            yield f"- {code(parameter.name)} ({_type(parameter, links)}{_required(parameter, tool)})"


def _argument(parameter: Parameter, tool: Tool, api: DocumentedApi, links: Links) -> Iterator[str]:
    text = _description(parameter, tool, api, links)
    head = f"- {code(parameter.name)} ({_type(parameter, links)}{_required(parameter, tool)})"
    yield f"{head}: {text}" if text else head
    if parameter.place != "file":
        yield from details(parameter.accepted, links, 1)


def _type(parameter: Parameter, links: Links) -> str:
    schema = parameter.accepted
    if parameter.place == "file":
        is_list = isinstance(schema, dict) and schema.get("type") == "array"
        return links.to_guide("uploads", "list of files" if is_list else "file")
    return notation(schema, links)


def _required(parameter: Parameter, tool: Tool) -> str:
    if parameter.required:
        return ", **required**"
    for constraint in tool.constraints:
        if constraint.rule == "exactly_one" and parameter.name in constraint.names:
            others = (code(other) for other in constraint.names if other != parameter.name)
            return f", **required** unless {listed(others, 'or')}"
    return ""


def _description(parameter: Parameter, tool: Tool, api: DocumentedApi, links: Links) -> str:
    schema = parameter.accepted
    facts = schema if isinstance(schema, dict) else {}
    target = type_name(schema)
    named: Mapping[str, Any] = api.types.get(target, {}) if target is not None else {}
    sentences = ["Deprecated."] if parameter.deprecated or facts.get("deprecated") else []
    text = parameter.description or facts.get("description") or named.get("description") or ""
    sentences += [links.prose(inline(text))] if text.strip() else []
    if parameter.place == "spread":
        sentences.append("Each key counts as an argument; keys unknown here are sent as they are.")
    sentences += limits(schema)
    default, example = (getattr(parameter, key) if key in parameter.given else ... for key in ("default", "example"))
    sentences += samples(schema, default, ... if parameter.required else example)
    sentences += _spellings(parameter)
    if tool.idempotency and tool.idempotency.name == parameter.name and not text:
        sentences.append("Made up once per call where you give none.")
    if parameter.secret or facts.get("secret"):
        sentences.append("Secret: kept out of logs, errors and previews.")
    return " ".join(sentences)


def _spellings(parameter: Parameter) -> list[str]:
    spellings = parameter.spellings
    sentences = [f"Also accepted as {listed(map(code, spellings), 'or')}."] if spellings else []
    is_named = parameter.place in {"body", "query", "header", "file"}
    if is_named and parameter.wire not in {parameter.name, *spellings}:
        sentences.append(f"Sent as {code(parameter.wire)}.")
    return sentences


def _names(tool: Tool, api: DocumentedApi) -> Iterator[str]:
    if tool.aliases:
        yield f"Aliases: {', '.join(map(code, tool.aliases))}"
    yield f"Full name: {code(api.registry.api.slug + '.' + tool.full_name)}"
    yield f"Lua: {code(lua_path(api.namespace, tool.name))}"


def _constraint(kind: str, names: str) -> str:
    match kind:
        case "exactly_one":
            return f"Exactly one of {names}."
        case "at_least_one":
            return f"At least one of {names}."
        case "at_most_one":
            return f"At most one of {names}."
        case "together":
            return f"All or none of {names}."
        case _:
            return f"{inline(kind.replace('_', ' ').capitalize())}: {names}."


def _returns(tool: Tool, api: DocumentedApi, links: Links) -> Iterator[str]:
    status = "" if tool.returns.status is None else f", HTTP {tool.returns.status}"
    schema = tool.returns.schema
    if schema is None:
        yield f"- nothing{status}"
    else:
        yield f"- {notation(schema, links)}{status}"
        yield from details(schema, links, 1)
    if tool.pagination:
        waiting = links.to_guide("waiting", "all pages")
        yield f"- One page; in Python, {code(f'client.iter.{tool.name}(…)')} gives the rows of {waiting}."
    for waiter in waiters_of(tool, api):
        yield f"- In Python, {code(f'client.wait.{waiter.name}(…)')}: {inline(waiter.summary)}".rstrip(": ")


def waiters_of(tool: Tool, api: DocumentedApi) -> list[Waiter]:
    """Return the waiters that repeat a tool."""
    return [waiter for waiter in api.registry.waiters.values() if waiter.tool == tool.name]


def _examples(tool: Tool, api: DocumentedApi) -> Iterator[Example]:
    for title, call in calls(tool, api):
        yield Example(paragraph(f"{title.strip()}:") if title.strip() else "", codes_of(call))


def codes_of(call: Snippets) -> tuple[Code, ...]:
    """Return a call in every language, in the order of all pages."""
    return Code("python", call.python), Code("sh", call.command), Code("lua", call.lua), Code("json", call.json)
