"""The entry of one function: everything that a caller of this tool has to know.

The entry is the same on the reference page and on the tool's own page, except for the targets of the links.

This module knows registry entries. It must not know the order in which pages show things.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tool_generator.emit.reference.markdown import blocks, cell, code, fence, inline, listed, paragraph
from tool_generator.emit.reference.notation import Links, details, limits, notation, samples, type_name
from tool_generator.emit.reference.outcomes import particular
from tool_generator.emit.reference.samples import example_arguments
from tool_generator.emit.reference.snippets import Snippets, lua_path, snippets
from tool_runtime.core.registry import Registry
from tool_runtime.core.tools import Parameter, Step, Tool, Waiter

_FILE = (
    'A file is `{"filename": …, "text": …}` or `{"filename": …, "base64": …}`; in Python also a `Path`, '
    "bytes, an open file or `(name, content)`."
)
_CLASSES = {"read": "Read", "write": "Write"}


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
    """One example: a title as inline Markdown, and the call on one or more surfaces."""

    title: str
    codes: tuple[Code, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """One parameter, each part ready for a table cell."""

    name: str
    type: str
    required: str
    description: str


@dataclass(frozen=True, slots=True)
class Function:
    """A function's entry in Markdown: `summary` and `prose` are blocks, `notes` and `returns` list lines."""

    name: str
    badge: str
    notice: str
    summary: str
    prose: str
    facts: tuple[str, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...]
    returns: tuple[str, ...]
    errors: tuple[str, ...]
    examples: tuple[Example, ...]


def function(tool: Tool, api: DocumentedApi, links: Links) -> Function:
    """Return the entry of one tool."""
    return Function(
        name=inline(tool.name),
        badge=_badge(tool),
        notice=_notice(tool, links),
        summary=paragraph(tool.summary),
        prose=blocks(tool.description),
        facts=tuple(_facts(tool, api, links)),
        rows=tuple(_row(parameter, tool, api, links) for parameter in tool.parameters.values()),
        notes=tuple(_notes(tool, links)),
        returns=tuple(_returns(tool, api, links)),
        errors=tuple(particular(tool, links)),
        examples=tuple(_examples(tool, api)),
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


def _badge(tool: Tool) -> str:
    label = f"**{_CLASSES.get(tool.tool_class, inline(tool.tool_class))}**"
    return f"{label}, effects: {', '.join(map(code, tool.effects))}" if tool.effects else label


def _notice(tool: Tool, links: Links) -> str:
    if not (tool.deprecated or tool.sunset or tool.replaced_by):
        return ""
    words = ["**Deprecated.**"]
    if tool.sunset:
        words.append(f"It ends on {inline(str(tool.sunset))}.")
    if tool.replaced_by:
        words.append(f"Use {links.to_tool(tool.replaced_by)} instead.")
    return " ".join(words)


def _facts(tool: Tool, api: DocumentedApi, links: Links) -> list[str]:
    facts = [
        f"Lua path: {code(lua_path(api.namespace, tool.name))}",
        f"Full name: {code(api.registry.api.slug + '.' + tool.full_name)}",
    ]
    if tool.aliases:
        facts.append(f"Aliases: {', '.join(map(code, tool.aliases))}")
    request = f"HTTP: {code(tool.method + ' ' + tool.path)}"
    if tool.body == "multipart":
        request += ", multipart"
    facts.append(request)
    if tool.numbers:
        facts.append(f"Makes ring: {', '.join(code(number.removeprefix('$')) for number in tool.numbers)}")
    facts += [f"First: {links.to_tool(step.tool)}{_condition(step)}" for step in tool.steps.before]
    for step in tool.steps.after:
        absent = f"; null where that fails, and {code('unavailable.' + step.id)} says why"
        facts.append(
            f"Then: {links.to_tool(step.tool)}{_condition(step)}, in the result as {code(step.id)}"
            f"{absent if step.optional else ''}"
        )
    return facts


def _condition(step: Step) -> str:
    return "" if step.when is None else f", where {code(step.when)} is given"


def _row(parameter: Parameter, tool: Tool, api: DocumentedApi, links: Links) -> Row:
    return Row(
        name=cell(code(parameter.name)),
        type=cell(_type(parameter, links)),
        required=cell(_required(parameter, tool)),
        description=cell(_description(parameter, tool, api)),
    )


def _type(parameter: Parameter, links: Links) -> str:
    schema = parameter.accepted
    if parameter.place == "file":
        return "array of file" if isinstance(schema, dict) and schema.get("type") == "array" else "file"
    return notation(schema, links)


def _required(parameter: Parameter, tool: Tool) -> str:
    if parameter.required:
        return "yes"
    for constraint in tool.constraints:
        if constraint.rule == "exactly_one" and parameter.name in constraint.names:
            others = (code(other) for other in constraint.names if other != parameter.name)
            return f"unless {listed(others, 'or')}"
    return "no"


def _description(parameter: Parameter, tool: Tool, api: DocumentedApi) -> str:
    schema = parameter.accepted
    facts = schema if isinstance(schema, dict) else {}
    target = type_name(schema)
    named: Mapping[str, Any] = api.types.get(target, {}) if target is not None else {}
    sentences = ["Deprecated."] if parameter.deprecated or facts.get("deprecated") else []
    text = parameter.description or facts.get("description") or named.get("description") or ""
    sentences += [inline(text)] if text.strip() else []
    if parameter.place == "file":
        sentences.append(_FILE)
    if parameter.place == "spread":
        sentences.append("Each key counts as an argument of its own; keys unknown here are sent as they are.")
    sentences += limits(schema)
    default, example = (getattr(parameter, key) if key in parameter.given else ... for key in ("default", "example"))
    sentences += samples(schema, default, example)
    sentences += _names(parameter)
    if tool.idempotency and tool.idempotency.name == parameter.name and not text:
        sentences.append("Made up once per call where you give none.")
    if parameter.secret or facts.get("secret"):
        sentences.append("Secret: kept out of logs, errors and previews.")
    return " ".join(sentences)


def _names(parameter: Parameter) -> list[str]:
    spellings = parameter.spellings
    sentences = [f"Also accepted as {listed(map(code, spellings), 'or')}."] if spellings else []
    is_named = parameter.place in {"body", "query", "header", "file"}
    if is_named and parameter.wire not in {parameter.name, *spellings}:
        sentences.append(f"Sent as {code(parameter.wire)}.")
    return sentences


def _notes(tool: Tool, links: Links) -> list[str]:
    lines = [f"- {_constraint(one.rule, listed(map(code, one.names)))}" for one in tool.constraints]
    for name, parameter in tool.parameters.items():
        spelled = details(parameter.accepted, links, 1)
        if spelled:
            lines += [f"- {code(name)}:", *spelled]
    return lines


def _constraint(kind: str, names: str) -> str:
    match kind:
        case "exactly_one":
            return f"Exactly one of {names}."
        case "at_most_one":
            return f"At most one of {names}."
        case "together":
            return f"All or none of {names}."
        case _:
            return f"{inline(kind.replace('_', ' ').capitalize())}: {names}."


def _returns(tool: Tool, api: DocumentedApi, links: Links) -> list[str]:
    status = "" if tool.returns.status is None else f", HTTP {tool.returns.status}"
    schema = tool.returns.schema
    if schema is None:
        lines = [f"- nothing{status}"]
    else:
        lines = [f"- {notation(schema, links)}{status}", *details(schema, links, 1)]
    if tool.pagination:
        lines.append(f"- One page; in Python, {code(f'client.iter.{tool.name}(…)')} gives the rows of all pages.")
    for waiter in waiters_of(tool, api):
        lines.append(f"- In Python, {code(f'client.wait.{waiter.name}(…)')}: {inline(waiter.summary)}".rstrip(": "))
    return lines


def waiters_of(tool: Tool, api: DocumentedApi) -> list[Waiter]:
    """Return the waiters that repeat a tool."""
    return [waiter for waiter in api.registry.waiters.values() if waiter.tool == tool.name]


def _examples(tool: Tool, api: DocumentedApi) -> list[Example]:
    examples: list[Example] = []
    for title, call in calls(tool, api):
        codes = [Code("lua", call.lua)]
        if not examples:
            codes += [Code("python", call.python), Code("sh", call.command), Code("json", call.json)]
        examples.append(Example(inline(title), tuple(codes)))
    return examples
