"""The Python bindings: the objects that the templates show, and the rendering of the templates.

This module owns the content of the generated modules. Every decision is made here: the templates only loop and choose.
Text enters through `literals`, names through `identifiers`, types through `python_types`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import jinja2

from tool_generator import identifiers
from tool_generator.emit.python import webhook_bindings
from tool_generator.emit.python.docstrings import iterator_doc, short_doc, tool_doc, waiter_doc
from tool_generator.emit.python.literals import comment, docstring, literal
from tool_generator.emit.python.python_types import Definition, Field, Module, Types, ordered, type_module

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tool_runtime.core.registry import Registry

ERRORS = (
    "APIError", "BadRequest", "CallerError", "CapReached", "ConfigurationError", "Conflict", "ConnectionFailed",
    "Forbidden", "InternalError", "Interrupted", "InvalidArguments", "MissingExtra", "NotFound", "OutcomeUnknown",
    "PaginationBroken", "PaymentRequired", "PolicyRefused", "RateLimited", "RedirectRefused", "RemoteError",
    "ReplyTooLarge", "ServerError", "SpecError", "TimedOut", "ToolError", "Unauthorized", "UnknownTool",
    "Unprocessable", "UnreadableReply", "UnwrittenResult", "UsageError", "WaitFailed", "WaitTimedOut", "WebhookRefused",
)  # fmt: skip
# What a generated package exports from the runtime, by the module of the runtime.
RUNTIME = {
    "tool_runtime.accounts.caps": ("Caps",),
    "tool_runtime.accounts.sqlite_ledger": ("Ledger",),
    "tool_runtime.core.account": ("Policy",),
    "tool_runtime.core.gate": ("Invocation",),
    "tool_runtime.core.options": ("RequestOptions",),
    "tool_runtime.errors": ERRORS,
    "tool_runtime.sandbox.failures": ("Failure",),
    "tool_runtime.surfaces.common.deprecation": ("ToolDeprecationWarning",),
}
FILE_TYPE = (
    "PathLike[str] | bytes | BinaryIO | tuple[str, bytes | BinaryIO] | tuple[str, bytes | BinaryIO, str]"
    " | dict[str, str]"
)
_TYPING = ("Any", "BinaryIO", "Literal", "Required", "TypeAlias", "TypedDict")


@cache
def environment() -> jinja2.Environment:
    """Give the environment of the templates for code. An undefined name is an error; nothing is escaped for HTML."""
    return jinja2.Environment(
        loader=jinja2.PackageLoader("tool_generator.emit", "templates"),
        undefined=jinja2.StrictUndefined,
        autoescape=False,  # noqa: S701 - the output is Python
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


@dataclass(frozen=True, slots=True)
class ToolMethod:
    """A tool for the templates: every field is source."""

    name: str
    method: str
    arguments: str
    returns: str
    item: str
    doc: str
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


def type_names(registry: Registry) -> dict[str, str]:
    """Give the Python name of every type of the registry."""
    return {name: identifiers.class_name(name) for name in registry.types}


def arguments_name(tool: str) -> str:
    """Give the name of the TypedDict of a tool's arguments."""
    return f"{identifiers.class_name(tool).rstrip('_')}Arguments"


def python_files(registry: Registry, header: str) -> dict[str, str]:
    """Give the modules of the bindings, unformatted, by path."""
    types = Types(registry.types, type_names(registry))
    module = type_module(types)
    returns, items = _replies(registry, module)
    if registry.webhooks is not None:
        webhook_bindings.define_events(registry.webhooks, module)
    module.definitions = ordered(module.definitions)
    arguments, uses_files = _arguments(registry, types)
    package = registry.api.name
    # ruff's import sorter accepts only one block, in the order of the names.
    common = {"header": comment(header), "package": package, "package_first": package < "tool_runtime"}
    title = registry.api.title
    rendered = {
        "types.py": _render(
            "types.py.jinja",
            common,
            module_doc=docstring(f"Types of the values that {title} takes and returns, one for each type of the spec."),
            typing=", ".join(_typing_of(module.definitions)),
            definitions=[_definition(item) for item in module.definitions],
            exported=_names(item.name for item in module.definitions),
        ),
        "arguments.py": _render(
            "arguments.py.jinja",
            common,
            module_doc=docstring(f"The arguments of every tool of {title}, one TypedDict a tool."),
            typing=", ".join(
                sorted(
                    {
                        *_typing_of(arguments.definitions),
                        "TypedDict",
                        *(("BinaryIO", "TypeAlias") if uses_files else ()),
                    }
                )
            ),
            imports=_imported(_words(_text_of(arguments.definitions)) & set(types.names.values())),
            has_files=uses_files,
            file_type=literal(FILE_TYPE),
            definitions=[_definition(item) for item in arguments.definitions],
            exported=_names(
                [
                    "RequestArguments",
                    *(["FileContent"] if uses_files else []),
                    *(item.name for item in arguments.definitions),
                ]
            ),
        ),
        "__init__.py": _init(registry, common),
        "sandbox.py": _render(
            "sandbox.py.jinja",
            common,
            module_doc=docstring(f"The sandbox of {title}."),
            class_doc=docstring(f"A local stand-in for {title}: no key, no cost, nothing leaves this machine."),
        ),
        "pytest_plugin.py": _render(
            "pytest_plugin.py.jinja",
            common,
            module_doc=docstring(f"Fixtures for pytest: a sandbox of {title} in the process, or on a port."),
            fixture=f"{registry.api.environment.lower()}_sandbox",
            environment=registry.api.environment,
        ),
        "__main__.py": _render(
            "__main__.py.jinja",
            common,
            module_doc=docstring(f"The command line of {title}: `{registry.api.command}`."),
        ),
    }
    if registry.webhooks is not None:
        values = webhook_bindings.template_values(registry.webhooks, title)
        rendered["webhooks.py"] = _render("webhooks.py.jinja", common, **values)
    for is_async in (False, True):
        name = "async_client.py" if is_async else "client.py"
        rendered[name] = _client(registry, common, returns, items, types, is_async=is_async)
    return rendered


def _render(template: str, common: dict[str, Any], **values: Any) -> str:
    return environment().get_template(template).render(common | values)


def _names(found: Iterable[str]) -> str:
    return literal(sorted(name for name in found if not name.startswith("_")))


def _replies(registry: Registry, module: Module) -> tuple[dict[str, str], dict[str, str]]:
    """Give the type of every tool's reply and, for paged tools, of one row."""
    returns: dict[str, str] = {}
    items: dict[str, str] = {}
    for name, tool in registry.tools.items():
        base = identifiers.class_name(name).rstrip("_")
        reply = tool.returns.schema
        returns[name] = "None" if reply is None else module.expression(reply, f"{base}Reply")
        style = registry.page_style(tool)
        if style is not None:
            items[name] = _row(reply, style.items, module, base)
    return returns, items


def _row(schema: Any, path: str, module: Module, base: str) -> str:
    """Give the type of one row of a paged tool's reply; `path` leads to the rows."""
    for step in path.split(".") if path else ():
        properties, _ = module.types.record(module.types.target(schema))
        schema = properties.get(step, {})
    schema = module.types.target(schema)
    return module.expression(schema.get("items", {}) if isinstance(schema, dict) else {}, f"{base}Row")


def _arguments(registry: Registry, types: Types) -> tuple[Module, bool]:
    scope = identifiers.Scope()
    for name in (*types.names.values(), "RequestArguments", "FileContent"):
        scope.claim(name, name)
    for name in registry.tools:
        scope.claim(arguments_name(name), name)
    module = Module(types, scope, open_enums=False)
    uses_files = False
    for name, tool in registry.tools.items():
        base = identifiers.class_name(name).rstrip("_")
        fields = []
        for key, parameter in tool.parameters.items():
            if parameter.place == "file":
                uses_files = True
                expression = "list[FileContent]" if parameter.schema.get("type") == "array" else "FileContent"
            else:
                hint = f"{base}{identifiers.class_name(key).rstrip('_')}"
                expression = module.expression(parameter.accepted, hint)
            fields.append(Field(identifiers.identifier(key), expression, parameter.required, parameter.description))
        doc = f"Arguments of `{name}`."
        module.add_class(arguments_name(name), doc, ("RequestArguments",), fields)
    return module, uses_files


def _typing_of(definitions: list[Definition]) -> list[str]:
    text = _text_of(definitions)
    found = {name for name in ("Any", "Literal") if f"{name}[" in text or _has_word(text, name)}
    if any(item.expression for item in definitions):
        found.add("TypeAlias")
    if any((not item.expression and not item.bases) or item.odd for item in definitions):
        found.add("TypedDict")
    if any(entry.required for item in definitions for entry in (*item.fields, *item.odd)):
        found.add("Required")
    return [name for name in _TYPING if name in found]


def _text_of(definitions: list[Definition]) -> str:
    """Give all type expressions of some definitions as one text."""
    return " ".join(
        part
        for item in definitions
        for part in (item.expression, *(entry.expression for entry in (*item.fields, *item.odd)))
    )


def _has_word(text: str, word: str) -> bool:
    return word in text.replace("[", " ").replace("]", " ").replace(",", " ").split()


def _definition(item: Definition) -> dict[str, Any]:
    """Turn a definition into source for the template."""

    def type_of(entry: Field) -> str:
        return f"Required[{entry.expression}]" if entry.required else entry.expression

    bases = [*((item.odd_name,) if item.odd else ()), *item.bases] or ["TypedDict"]
    return {
        "name": item.name,
        # An alias in quotes may name classes that come later, even itself.
        "expression": literal(item.expression) if item.expression else "",
        "doc": docstring(item.description) if item.description else "",
        "bases": ", ".join(bases),
        "odd_name": item.odd_name,
        "odd_literal": literal(item.odd_name),
        "odd": [(literal(entry.key), literal(type_of(entry))) for entry in item.odd],
        "fields": [
            {
                "name": entry.key,
                "type": type_of(entry),
                "doc": docstring(entry.description) if entry.description else "",
                "gap": bool(before.description if before else item.description),
            }
            for before, entry in zip((None, *item.fields), item.fields, strict=False)
        ],
    }


def _client(
    registry: Registry,
    common: dict[str, Any],
    returns: dict[str, str],
    items: dict[str, str],
    types: Types,
    *,
    is_async: bool,
) -> str:
    title = registry.api.title
    tools = [
        ToolMethod(
            name=literal(name),
            method=identifiers.identifier(name),
            arguments=arguments_name(name),
            returns=returns[name],
            item=items.get(name, ""),
            doc=docstring(short_doc(tool) if is_async else tool_doc(tool, returns[name])),
            iterator_doc=docstring(iterator_doc(tool)),
            aliases=tuple(identifiers.identifier(alias) for alias in tool.aliases),
        )
        for name, tool in registry.tools.items()
    ]
    waiters = [
        WaiterMethod(
            name=literal(name),
            method=identifiers.identifier(name),
            arguments=arguments_name(waiter.tool),
            returns=returns[waiter.tool],
            doc=docstring(waiter_doc(waiter)),
        )
        for name, waiter in registry.waiters.items()
    ]
    iterators = [tool for tool in tools if tool.item]
    text = " ".join([*(tool.returns for tool in tools), *(tool.item for tool in iterators)])
    prefix = "Async" if is_async else ""
    doc = (
        f"Every tool of {title} as a coroutine method. Arguments, results and errors are those of `Client`."
        if is_async
        else f"Every tool of {title} as a method. Results are the JSON that the API sent; errors are `ToolError`s."
    )
    known = {*types.names.values()}
    return _render(
        "client.py.jinja",
        common,
        module_doc=docstring(f"The {'asynchronous' if is_async else 'blocking'} client of {title}."),
        class_doc=docstring(doc),
        prefix=prefix,
        define="async def" if is_async else "def",
        **{"await": "await " if is_async else ""},
        typing=", ".join(sorted({"Unpack", *(name for name in ("Any", "Literal") if _has_word(text, name))})),
        arguments=_imported({tool.arguments for tool in tools}),
        imports=_imported({name for name in _words(text) if name in known or _is_class(name)}),
        exported=_names([f"{prefix}Client", f"{prefix}Iterators", f"{prefix}Waiters"]),
        tools=tools,
        iterators=iterators,
        waiters=waiters,
    )


def _words(text: str) -> set[str]:
    for mark in "[],|":
        text = text.replace(mark, " ")
    return set(text.split())


def _imported(found: set[str]) -> str:
    """Give names in the order of import sorters: constants, then classes; upper and lower case count the same."""

    def rank(name: str) -> tuple[bool, list[tuple[int, str]], str]:
        parts = re.findall(r"\d+|\D+", name.lower())
        natural = [(int(part), "") if part.isdigit() else (-1, part) for part in parts]
        return not (name.isupper() and len(name) > 1), natural, name

    return ", ".join(sorted(found, key=rank))


def _is_class(word: str) -> bool:
    """Say whether a word of a type expression is a class of `types.py` that was made for an unnamed object."""
    return word.isidentifier() and word[0].isupper() and word not in identifiers.RESERVED_CLASSES


def _init(registry: Registry, common: dict[str, Any]) -> str:
    package = registry.api.name
    submodules = ["arguments", "types"]
    own = {"AsyncClient": "async_client", "Client": "client", "Sandbox": "sandbox"}
    if registry.webhooks is not None:
        own |= dict.fromkeys(webhook_bindings.FUNCTIONS, "webhooks")
        submodules.append("webhooks")
    lazy = {name: f"{package}.{module}" for name, module in own.items()}
    lazy |= {name: module for module, names in RUNTIME.items() for name in names}
    modules = {package: submodules, **{module: [n for n in lazy if lazy[n] == module] for module in lazy.values()}}
    api = registry.api
    doc = (
        f"{api.title} as tools.\n\n{api.summary.strip()}\n\n"
        "`Client` and `AsyncClient` have a method for every tool. `arguments` and `types` hold the types of what\n"
        "goes in and what comes out. Nothing is loaded before it is used.\n"
    )
    return _render(
        "__init__.py.jinja",
        common,
        module_doc=docstring(doc),
        imports=[(module, ", ".join(sorted(modules[module]))) for module in sorted(modules)],
        version=literal(api.version),
        exported=_names([*lazy, *submodules]),
        submodules=literal(submodules),
        lazy=[(literal(name), literal(module)) for name, module in sorted(lazy.items())],
    )
