"""The clients: a class of methods for each group of tools, joined to one client that blocks and one that awaits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tool_generator import identifiers
from tool_generator.emit.media_replies import python_type, reads_in_pieces
from tool_generator.emit.python.argument_classes import arguments_name
from tool_generator.emit.python.docstrings import iterator_doc, short_doc, tool_doc, waiter_doc
from tool_generator.emit.python.literals import docstring, literal
from tool_generator.emit.python.python_types import words
from tool_generator.emit.python.type_modules import exported, qualified

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from tool_generator.emit.python.python_types import Module
    from tool_runtime.core.registry import Registry
    from tool_runtime.core.tools import Tool

_BUILT_IN = frozenset({"None", "bool", "dict", "float", "int", "list", "str"})
_TYPING = frozenset({"Any", "Literal"})


@dataclass(frozen=True, slots=True)
class Replies:
    """The types of every tool's reply, and of one row of a paged tool's reply, as type expressions."""

    returns: Mapping[str, str]
    rows: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ToolMethod:
    """A tool for the templates: every field is source."""

    name: str
    method: str
    arguments: str
    returns: str
    awaited: str
    in_pieces: bool
    row: str
    doc: str
    short_doc: str
    iterator_doc: str
    aliases: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WaiterMethod:
    """A waiter for the templates: every field is source."""

    name: str
    method: str
    arguments: str
    returns: str
    doc: str
    short_doc: str


def replies_of(registry: Registry, module: Module) -> Replies:
    """Give the types of the replies; a reply without a type of its own becomes a class in the module of its group."""
    returns: dict[str, str] = {}
    rows: dict[str, str] = {}
    for name, tool in registry.tools.items():
        module.place = identifiers.identifier(tool.group)
        base = identifiers.class_name(name).rstrip("_")
        reply = tool.returns.schema
        media = python_type(tool.returns)
        returns[name] = media or ("None" if reply is None else module.expression(reply, f"{base}Reply"))
        style = registry.page_style(tool)
        if style is not None:
            rows[name] = _row(reply, style.items, module, base)
    return Replies(returns, rows)


def _row(schema: Any, path: str, module: Module, base: str) -> str:
    """Give the type of one row of a paged tool's reply; `path` leads to the rows."""
    for step in path.split(".") if path else ():
        properties, _ = module.types.record(module.types.target(schema))
        schema = properties.get(step, {})
    schema = module.types.target(schema)
    return module.expression(schema.get("items", {}) if isinstance(schema, dict) else {}, f"{base}Row")


def client_files(registry: Registry, replies: Replies) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield path, template and values of every module of the clients."""
    title = registry.api.title
    groups: dict[str, list[tuple[str, Tool]]] = {}
    for name, tool in registry.tools.items():
        groups.setdefault(identifiers.identifier(tool.group), []).append((name, tool))
    scope = identifiers.Scope()
    classes = {group: scope.derive(identifiers.class_name(group).rstrip("_"), group) for group in groups}
    iterating = []
    for group, tools in groups.items():
        if any(name in replies.rows for name, _ in tools):
            iterating.append(classes[group])
        methods = [_method(name, tool, replies) for name, tool in tools]
        declared = registry.groups.get(tools[0][1].group)
        yield f"tools/{group}.py", "tools.py.jinja", {
            "module_doc": docstring(f"The tools of {title}: {declared.title if declared else group}."),
            "group": classes[group],
            "typing": _typing(
                (part for tool in methods for part in (tool.returns, tool.row)),
                {"Any", "Literal"} if any(tool.in_pieces for tool in methods) else (),
            ),
            "has_overloads": any(tool.in_pieces for tool in methods),
            "names_types": any("_t." in part for tool in methods for part in (tool.returns, tool.row)),
            "tools": methods,
            "iterators": [tool for tool in methods if tool.row],
        }  # fmt: skip
    yield (
        "tools/__init__.py",
        "plain.py.jinja",
        {"module_doc": docstring(f"The methods of the clients of {title}, a module for each group of tools.")},
    )
    for is_async in (False, True):
        yield (
            "async_client.py" if is_async else "client.py",
            "client.py.jinja",
            _client(title, classes, iterating, is_async),
        )
    waiters = [_waiter(name, waiter, replies) for name, waiter in registry.waiters.items()]
    yield (
        "waits.py",
        "waits.py.jinja",
        {
            "module_doc": docstring(f"Waits for a state, over the reads of {title}."),
            "typing": _typing(waiter.returns for waiter in waiters),
            "waiters": waiters,
        },
    )


def _client(
    title: str,
    classes: Mapping[str, str],
    iterating: Sequence[str],
    is_async: bool,  # noqa: FBT001 - private
) -> dict[str, Any]:
    doc = (
        f"Every tool of {title} as a coroutine method. Arguments, results and errors are those of `Client`."
        if is_async
        else (
            f"Every tool of {title} as a method. Results are the JSON that the API sent; errors are `ToolError`s.\n\n"
            "`InvalidArguments` comes before anything is sent, `APIError` when the API refuses. A read whose answer\n"
            "is lost ends in `ConnectionFailed` or `TimedOut`; a write in `OutcomeUnknown`: it may have happened."
        )
    )
    prefix = "Async" if is_async else ""
    return {
        "module_doc": docstring(f"The {'asynchronous' if is_async else 'blocking'} client of {title}."),
        "class_doc": docstring(doc),
        "prefix": prefix,
        "groups": sorted(classes.items()),
        "iterating": sorted(iterating),
        "exported": exported([f"{prefix}Client", f"{prefix}Iterators", f"{prefix}Waiters"]),
    }


def _method(name: str, tool: Tool, replies: Replies) -> ToolMethod:
    returns = replies.returns[name]
    media = python_type(tool.returns)
    return ToolMethod(
        name=literal(name),
        method=identifiers.identifier(name),
        arguments=arguments_name(name),
        returns=media or _named(returns),
        awaited=python_type(tool.returns, awaits=True) or _named(returns),
        in_pieces=reads_in_pieces(tool),
        row=_named(replies.rows.get(name, "")),
        doc=docstring(tool_doc(tool, returns)),
        short_doc=docstring(short_doc(tool)),
        iterator_doc=docstring(iterator_doc(tool)),
        aliases=tuple(identifiers.identifier(alias) for alias in tool.aliases),
    )


def _waiter(name: str, waiter: Any, replies: Replies) -> WaiterMethod:
    return WaiterMethod(
        name=literal(name),
        method=identifiers.identifier(name),
        arguments=arguments_name(waiter.tool),
        returns=_named(replies.returns[waiter.tool]),
        doc=docstring(waiter_doc(waiter)),
        short_doc=docstring(waiter.summary.strip()),
    )


def _named(expression: str) -> str:
    return qualified(expression, words(expression) - _BUILT_IN - _TYPING)


def _typing(expressions: Iterable[str], more: Iterable[str] = ()) -> str:
    used = {word for expression in expressions for word in words(expression)}
    return ", ".join(sorted({"Unpack", *more, *(used & _TYPING)}))
