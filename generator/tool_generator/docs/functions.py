"""The entry of one function: everything that a caller of this tool has to know.

An entry is the same on the reference page and on the tool's own page, but for where its links lead.

This module knows registry entries; it does not know in what order pages show things.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tool_generator.docs.markdown import blocks, cell, code, fence, inline, listed, paragraph
from tool_generator.docs.notation import Links, details, limits, notation, samples, type_name
from tool_generator.docs.outcomes import particular
from tool_generator.docs.samples import example_arguments
from tool_generator.docs.snippets import Snippets, lua_path, snippets

_FILE = (
    'A file is `{"filename": …, "text": …}` or `{"filename": …, "base64": …}`; in Python also a `Path`, '
    "bytes, an open file or `(name, content)`."
)
_CLASSES = {"read": "Read", "write": "Write"}


@dataclass(frozen=True, slots=True)
class Api:
    """What entries need to know of the API: how its tools are reached. `written` remembers calls by tool."""

    name: str
    slug: str
    title: str
    command: str
    types: Mapping[str, Any]
    written: dict[str, list[tuple[str, Snippets]]] = field(default_factory=dict)

    @property
    def namespace(self) -> str:
        """The Lua table that holds the tools."""
        return f"app.integrations.{self.name}"


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


def function(name: str, tool: Mapping[str, Any], api: Api, links: Links, waiters: Mapping[str, Any]) -> Function:
    """Return the entry of one tool; `waiters` are those that poll this tool."""
    return Function(
        name=inline(name),
        badge=_badge(tool),
        notice=_notice(tool, links),
        summary=paragraph(tool.get("summary", "")),
        prose=blocks(tool.get("description", "")),
        facts=tuple(_facts(name, tool, api, links)),
        rows=tuple(_row(key, tool, api, links) for key in tool["parameters"]),
        notes=tuple(_notes(tool, links)),
        returns=tuple(_returns(name, tool, links, waiters)),
        errors=tuple(particular(tool, links)),
        examples=tuple(_examples(name, tool, api)),
    )


def calls(name: str, tool: Mapping[str, Any], api: Api) -> list[tuple[str, Snippets]]:
    """Return each example of a tool (one made up where it has none) with its title, which is plain text."""
    if name not in api.written:
        examples = tool.get("examples") or [{"arguments": example_arguments(tool, api.types)}]
        result = result_name(name, tool)
        api.written[name] = [
            (
                example.get("title", ""),
                snippets(
                    name,
                    example.get("arguments", {}),
                    namespace=api.namespace,
                    command=api.command,
                    result=result,
                ),
            )
            for example in examples
        ]
    return api.written[name]


def result_name(name: str, tool: Mapping[str, Any]) -> str | None:
    """Return a variable's name for what a tool returns, or None where it returns nothing."""
    if "schema" not in (tool.get("returns") or {}):
        return None
    verb, _, noun = name.partition("_")
    return noun if noun and verb in {"get", "list", "create"} else "result"


def parameter_schema(parameter: Mapping[str, Any]) -> Any:
    """Return the schema that a caller writes for: the friendly one where there is one."""
    return parameter.get("friendly", parameter["schema"])


def _badge(tool: Mapping[str, Any]) -> str:
    label = f"**{_CLASSES.get(tool['class'], inline(tool['class']))}**"
    effects = tool.get("effects", ())
    return f"{label}, effects: {', '.join(map(code, effects))}" if effects else label


def _notice(tool: Mapping[str, Any], links: Links) -> str:
    if not any(tool.get(key) for key in ("deprecated", "sunset", "replaced_by")):
        return ""
    words = ["**Deprecated.**"]
    if sunset := tool.get("sunset"):
        words.append(f"It ends on {inline(str(sunset))}.")
    if successor := tool.get("replaced_by"):
        words.append(f"Use {links.to_tool(successor)} instead.")
    return " ".join(words)


def _facts(name: str, tool: Mapping[str, Any], api: Api, links: Links) -> list[str]:
    facts = [
        f"Lua path: {code(lua_path(api.namespace, name))}",
        f"Full name: {code(api.slug + '.' + tool['full_name'])}",
    ]
    if aliases := tool.get("aliases"):
        facts.append(f"Aliases: {', '.join(map(code, aliases))}")
    request = f"HTTP: {code(tool['method'] + ' ' + tool['path'])}"
    if tool.get("body") == "multipart":
        request += ", multipart"
    facts.append(request)
    steps = tool.get("steps") or {}
    facts += [f"First: {links.to_tool(step['tool'])}{_condition(step)}" for step in steps.get("before", ())]
    for step in steps.get("after", ()):
        absent = f"; null where that fails, and {code('unavailable.' + step['id'])} says why"
        facts.append(
            f"Then: {links.to_tool(step['tool'])}{_condition(step)}, in the result as {code(step['id'])}"
            f"{absent if step.get('optional') else ''}"
        )
    return facts


def _condition(step: Mapping[str, Any]) -> str:
    when = step.get("when")
    return f", where {code(when)} is given" if isinstance(when, str) else ""


def _row(name: str, tool: Mapping[str, Any], api: Api, links: Links) -> Row:
    parameter = tool["parameters"][name]
    return Row(
        name=cell(code(name)),
        type=cell(_type(parameter, links)),
        required=cell(_required(name, tool)),
        description=cell(_description(name, tool, api)),
    )


def _type(parameter: Mapping[str, Any], links: Links) -> str:
    schema = parameter_schema(parameter)
    if parameter["in"] == "file":
        return "array of file" if isinstance(schema, dict) and schema.get("type") == "array" else "file"
    return notation(schema, links)


def _required(name: str, tool: Mapping[str, Any]) -> str:
    if tool["parameters"][name].get("required"):
        return "yes"
    for constraint in tool.get("constraints", ()):
        choices = constraint.get("exactly_one", ())
        if name in choices:
            return f"unless {listed((code(other) for other in choices if other != name), 'or')}"
    return "no"


def _description(name: str, tool: Mapping[str, Any], api: Api) -> str:
    parameter = tool["parameters"][name]
    schema = parameter_schema(parameter)
    facts: Mapping[str, Any] = schema if isinstance(schema, Mapping) else {}
    target = type_name(schema)
    named: Mapping[str, Any] = api.types.get(target, {}) if target is not None else {}
    sentences = ["Deprecated."] if parameter.get("deprecated", facts.get("deprecated")) else []
    text = parameter.get("description") or facts.get("description") or named.get("description") or ""
    sentences += [inline(text)] if text.strip() else []
    if parameter["in"] == "file":
        sentences.append(_FILE)
    if parameter["in"] == "spread":
        sentences.append("Each key counts as an argument of its own; keys unknown here are sent as they are.")
    sentences += limits(schema)
    sentences += samples(schema, parameter.get("default", ...), parameter.get("example", ...))
    sentences += _names(parameter, name)
    if name == (tool.get("idempotency") or {}).get("name") and not text:
        sentences.append("Made up once per call where you give none.")
    if parameter.get("secret", facts.get("secret")):
        sentences.append("Secret: shown nowhere.")
    return " ".join(sentences)


def _names(parameter: Mapping[str, Any], name: str) -> list[str]:
    spellings = parameter.get("spellings", [])
    sentences = [f"Also accepted as {listed(map(code, spellings), 'or')}."] if spellings else []
    wire = parameter.get("wire", name)
    if wire not in {name, *spellings} and parameter["in"] in {"body", "query", "header", "file"}:
        sentences.append(f"Sent as {code(wire)}.")
    return sentences


def _notes(tool: Mapping[str, Any], links: Links) -> list[str]:
    lines = []
    for constraint in tool.get("constraints", ()):
        for kind, names in constraint.items():
            lines.append(f"- {_constraint(kind, listed(map(code, names)))}")
    for name, parameter in tool["parameters"].items():
        spelled = details(parameter_schema(parameter), links, 1)
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


def _returns(name: str, tool: Mapping[str, Any], links: Links, waiters: Mapping[str, Any]) -> list[str]:
    returns = tool.get("returns") or {}
    status = f", HTTP {returns['status']}" if "status" in returns else ""
    if "schema" in returns:
        lines = [f"- {notation(returns['schema'], links)}{status}", *details(returns["schema"], links, 1)]
    else:
        lines = [f"- nothing{status}"]
    if tool.get("pagination"):
        lines.append(f"- One page; in Python, {code(f'client.iter.{name}(…)')} gives the rows of all pages.")
    for waiter, declared in waiters.items():
        text = inline(declared.get("summary", ""))
        lines.append(f"- In Python, {code(f'client.wait.{waiter}(…)')}: {text}".rstrip(": "))
    return lines


def _examples(name: str, tool: Mapping[str, Any], api: Api) -> list[Example]:
    examples: list[Example] = []
    for title, call in calls(name, tool, api):
        codes = [Code("lua", call.lua)]
        if not examples:
            codes += [Code("python", call.python), Code("sh", call.command), Code("json", call.json)]
        examples.append(Example(inline(title), tuple(codes)))
    return examples
