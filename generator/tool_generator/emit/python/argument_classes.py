"""The arguments of every tool as TypedDict classes, in the module of the tool's group.

Tools that take the fields of the same type, as those that create and those that change a record, share a base class:
what both take alike stands once, and what one of them requires stands with it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tool_generator import identifiers
from tool_generator.emit.python.python_types import Definition, Field, Module
from tool_generator.emit.python.sharing import Family, with_common_bases

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tool_generator.emit.python.record_types import Types
    from tool_runtime.core.registry import Registry
    from tool_runtime.core.tools import Parameter

OWN = ("FileContent", "RequestArguments")
"""Classes that every package of arguments has."""


def arguments_name(tool: str) -> str:
    """Give the name of the TypedDict of a tool's arguments."""
    return f"{identifiers.class_name(tool).rstrip('_')}Arguments"


def argument_classes(registry: Registry, types: Types, body_types: Mapping[str, str]) -> list[Definition]:
    """Give the classes of all tools. `body_types` names the type of a tool's whole body, by tool."""
    scope = identifiers.Scope()
    for name in (*types.names.values(), *OWN):
        scope.claim(name, name)
    for name in registry.tools:
        scope.claim(arguments_name(name), name)
    module = Module(types, scope, open_enums=False)
    for name, tool in registry.tools.items():
        module.place = identifiers.identifier(tool.group)
        fields = [_field(name, parameter, module) for parameter in tool.parameters.values()]
        # The name of a class with fields says as much.
        description = "" if fields else f"`{name}` takes no arguments of its own."
        module.add_class(arguments_name(name), description, ("RequestArguments",), fields)
    families: dict[tuple[str, str], list[str]] = {}
    for name, body in body_types.items():
        if name in registry.tools:
            families.setdefault((registry.tools[name].group, body), []).append(arguments_name(name))
    return with_common_bases(
        module.definitions,
        [
            Family(
                scope.derive(f"{identifiers.class_name(body).rstrip('_')}Arguments", body),
                f"What tools that take `{identifiers.class_name(body)}` have alike.",
                tuple(members),
            )
            for (_, body), members in families.items()
        ],
    )


def _field(tool: str, parameter: Parameter, module: Module) -> Field:
    if parameter.place == "file":
        expression = "list[FileContent]" if parameter.schema.get("type") == "array" else "FileContent"
    elif parameter.place == "raw_body":
        expression = "str | FileContent"
    else:
        words = (identifiers.class_name(word).rstrip("_") for word in (tool, parameter.name))
        expression = module.expression(parameter.accepted, "".join(words))
    return Field(identifiers.identifier(parameter.name), expression, parameter.required, parameter.description)
