"""The Python package: which modules there are, and what stands in each.

    __init__.py, __main__.py, sandbox.py    what the package exports, its command, its sandbox
    client.py, async_client.py              the clients, made of a class for each group
    tools/GROUP.py                          the methods of one group of tools, blocking and awaiting
    waits.py                                waits for a state
    arguments/GROUP.py                      the arguments of one group of tools
    types/FILE.py                           the types of one file of the spec
    webhooks.py                             deliveries: verified, and typed by event

A change of one tool or type changes the module of its group. Every decision is made in Python: the templates only loop
and choose. Text enters through `literals`, names through `identifiers`, types through `python_types`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

import jinja2

from tool_generator import identifiers
from tool_generator.emit.python import client_bindings, webhook_bindings
from tool_generator.emit.python.argument_classes import OWN, argument_classes
from tool_generator.emit.python.literals import comment, docstring, literal
from tool_generator.emit.python.python_types import Module, type_module, words
from tool_generator.emit.python.record_types import Types
from tool_generator.emit.python.sharing import with_bases
from tool_generator.emit.python.type_modules import exported, listed, source_of, text_of, type_files, typing_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tool_generator.emit.python.python_types import Definition
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
class Origins:
    """Where things of the registry stand in the spec: the file of a type, and the type of a tool's whole body."""

    type_files: Mapping[str, str] = field(default_factory=dict)
    body_types: Mapping[str, str] = field(default_factory=dict)


def type_names(registry: Registry) -> dict[str, str]:
    """Give the Python name of every type of the registry."""
    return {name: identifiers.class_name(name) for name in registry.types}


def python_files(registry: Registry, header: str, origins: Origins) -> dict[str, str]:
    """Give the modules of the bindings, unformatted, by path."""
    types = Types(registry.types, type_names(registry))
    module, replies = _types(registry, types, origins)
    definitions = with_bases(module.definitions, lambda name: module.scope.derive(name, name))
    package = registry.api.name
    # ruff's import sorter accepts only one block, in the order of the names.
    common = {"header": comment(header), "package": package, "package_first": package < "tool_runtime"}
    title = registry.api.title
    arguments = argument_classes(registry, types, origins.body_types)
    rendered = _type_package(common, definitions, title) | _argument_package(registry, common, arguments, definitions)
    rendered |= {
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
    for name, template, values in client_bindings.client_files(registry, replies):
        rendered[name] = _render(template, common, **values)
    return rendered


def _render(template: str, common: dict[str, Any], **values: Any) -> str:
    return environment().get_template(template).render(common | values)


def _types(registry: Registry, types: Types, origins: Origins) -> tuple[Module, client_bindings.Replies]:
    """Define all types, replies and events in one namespace; each definition knows its module."""
    module = type_module(types, origins.type_files)
    replies = client_bindings.replies_of(registry, module)
    if registry.webhooks is not None:
        module.place = "webhook_events"
        webhook_bindings.define_events(registry.webhooks, module)
    return module, replies


def _type_package(common: dict[str, Any], definitions: Sequence[Definition], title: str) -> dict[str, str]:
    files = type_files(definitions)
    rendered = {
        f"types/{file.name}.py": _render(
            "types.py.jinja",
            common,
            module_doc=docstring(f"Types of the values that {title} takes and returns: {file.name.replace('_', ' ')}."),
            typing=", ".join(typing_of(file.definitions)),
            names_package=file.names_package,
            bases=[(module, ", ".join(names)) for module, names in file.bases.items()],
            definitions=[source_of(item) for item in file.definitions],
            exported=exported(item.name for item in file.definitions),
        )
        for file in files
    }
    rendered["types/__init__.py"] = _render(
        "package.py.jinja",
        common,
        module_doc=docstring(f"Types of the values that {title} takes and returns, one for each type of the spec."),
        folder="types",
        modules=[file.name for file in files],
    )
    return rendered


def _argument_package(
    registry: Registry, common: dict[str, Any], arguments: Sequence[Definition], types: Sequence[Definition]
) -> dict[str, str]:
    title = registry.api.title
    files = type_files(arguments, {item.name for item in types})
    rendered = {}
    for file in files:
        group = registry.groups.get(file.name)
        subject = group.title if group else file.name.replace("_", " ")
        used = words(text_of(file.definitions))
        rendered[f"arguments/{file.name}.py"] = _render(
            "arguments.py.jinja",
            common,
            module_doc=docstring(f"The arguments of the tools of {title}, one TypedDict a tool: {subject}."),
            typing=", ".join(typing_of(file.definitions)),
            names_package=file.names_package,
            own=", ".join(name for name in OWN if name == "RequestArguments" or name in used),
            definitions=[source_of(item) for item in file.definitions],
            exported=exported(item.name for item in file.definitions),
        )
    rendered["arguments/__init__.py"] = _render(
        "package.py.jinja",
        common,
        module_doc=docstring(f"The arguments of every tool of {title}, one TypedDict a tool."),
        folder="arguments",
        modules=["_request", *(file.name for file in files)],
    )
    rendered["arguments/_request.py"] = _render(
        "request.py.jinja",
        common,
        module_doc=docstring("What every tool takes besides its own arguments, and how files are given."),
        file_type=literal(FILE_TYPE),
    )
    return rendered


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
        exported=exported([*lazy, *submodules]),
        submodules=literal(submodules),
        lazy=[(f'"{module}"', listed(names)) for module, names in sorted(modules.items()) if module != package],
    )
