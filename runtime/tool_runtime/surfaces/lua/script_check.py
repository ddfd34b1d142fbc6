"""Validation: what can be said of a script without running it.

Lua compiles the script. Then every path that begins at a namespace is followed through locals, and each call whose name
can be seen is checked: the name, and the arguments as far as they stand there as literals. Nothing is called. Owns what
can be seen, and how that is told; tools and arguments are judged by the namespaces and the binder.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tool_runtime.core.gate import all_effects
from tool_runtime.core.tools import Tool
from tool_runtime.errors import InvalidArguments, ScriptFailed, ToolError
from tool_runtime.surfaces.lua.empty_tables import arguments_with_lists
from tool_runtime.surfaces.lua.lua_session import LuaSession
from tool_runtime.surfaces.lua.lua_syntax import Node, parse
from tool_runtime.surfaces.lua.lua_words import LuaSyntaxError
from tool_runtime.surfaces.lua.namespaces import Namespace
from tool_runtime.values.suggestions import nearest

UNKNOWN = object()
"""A value that only running would show."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was seen. `level` is `error`, `call` (a call that fits), or `open` (not to be seen from here)."""

    level: str
    line: int
    column: int
    path: str
    message: str
    tool: str | None = None
    tool_class: str | None = None
    effects: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the finding as JSON."""
        return {
            "level": self.level, "line": self.line, "column": self.column, "path": self.path, "message": self.message,
            "tool": self.tool, "class": self.tool_class, "effects": list(self.effects),
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Checked:
    """What validation found, in the order of the lines."""

    findings: Sequence[Finding]

    @property
    def valid(self) -> bool:
        """Whether nothing is wrong that can be seen."""
        return not any(one.level == "error" for one in self.findings)

    def to_dict(self) -> dict[str, Any]:
        """Return everything as JSON."""
        return {"valid": self.valid, "findings": [one.to_dict() for one in self.findings]}

    def lines(self) -> list[str]:
        """Return a line for each finding, and one about the whole."""
        shown = [f"script:{one.line}: {one.path}: {one.message}" if one.path else one.message for one in self.findings]
        count = sum(one.level == "error" for one in self.findings)
        called = sum(one.level == "call" for one in self.findings)
        unseen = sum(one.level == "open" for one in self.findings)
        end = f"{count} wrong" if count else "nothing wrong"
        return [*shown, f"{called + count} calls seen, {end}, {unseen} that only running shows. Nothing was called."]

    def problem(self) -> ToolError | None:
        """Return the error of a script that cannot run as it stands, or None."""
        wrong = [one for one in self.findings if one.level == "error"]
        if not wrong:
            return None
        first = wrong[0]
        text = f"script:{first.line}: {first.path}: {first.message}" if first.path else first.message
        more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
        kind = "syntax" if not first.path else "arguments"
        return ScriptFailed(text + more, outcome="not_sent", type=kind, line=first.line, column=first.column)


def check_script(session: LuaSession, source: str) -> Checked:
    """Return what can be said of a script without running it; nothing is called."""
    compiled = session.compile(source)
    if compiled.error is not None:
        error = compiled.error
        return Checked([Finding("error", error.line or 0, error.column or 0, "", error.message)])
    try:
        tree = parse(source)
    except LuaSyntaxError as error:
        return Checked(
            [Finding("open", 0, 0, "", f"Lua accepts the script, and it is too intricate to be followed: {error}")]
        )
    checker = _Checker(session)
    checker.block(tree, {})
    unique = {(one.line, one.column, one.path, one.message): one for one in checker.findings}
    return Checked(sorted(unique.values(), key=lambda one: (one.line, one.column)))


Scope = dict[str, str | None]
"""What locals stand for: the path of a namespace or function, or None for anything else."""


class _Checker:
    def __init__(self, session: LuaSession) -> None:
        self._client = session.client
        self._namespaces: list[Namespace] = session.namespaces()
        self.findings: list[Finding] = []
        self._roots = {namespace.path.split(".")[0] for namespace in self._namespaces}
        # A script may give a root another meaning.
        self._hidden: set[str] = set()

    # Blocks: what a name stands for, from its declaration to the end of its block.

    def block(self, node: Node, scope: Scope) -> Scope:
        inner = dict(scope)
        for statement in node.parts[0]:
            self.statement(statement, inner)
        return inner

    def statement(self, node: Node, scope: Scope) -> None:
        match node.kind, node.parts:
            case "local", (names, values):
                self.expressions(values, scope)
                paths = [self.path(value, scope) for value in values]
                for at, name in enumerate(names):
                    scope[name] = paths[at] if at < len(paths) else None
            case "localfunction", (name, function):
                scope[name] = None
                self.expression(function, scope)
            case "functionto", (target, function):
                self.assigned(target, scope)
                self.expression(function, scope)
            case "assign", (targets, values):
                self.expressions(values, scope)
                for target in targets:
                    self.assigned(target, scope)
            case "for", (names, values, block):
                self.expressions(values, scope)
                self.block(block, scope | dict.fromkeys(names))
            case "repeat", (block, condition):
                self.expression(condition, self.block(block, scope))
            case "if", (parts,):
                for condition, block in parts:
                    if condition is not None:
                        self.expression(condition, scope)
                    self.block(block, scope)
            case (("do" | "while"), (conditions, block)):
                self.expressions(conditions, scope)
                self.block(block, scope)
            case (("return" | "callto"), (values,)):
                self.expressions(values if isinstance(values, list) else [values], scope)

    def assigned(self, target: Node, scope: Scope) -> None:
        if target.kind == "name":
            name = target.parts[0]
            if name in scope:
                scope[name] = None
            else:
                self._hidden.add(name)
        else:
            self.expressions([part for part in target.parts if isinstance(part, Node)], scope)

    # Expressions: follow each, and check the calls in it.

    def expressions(self, nodes: Sequence[Node], scope: Scope) -> None:
        for node in nodes:
            self.expression(node, scope)

    def expression(self, node: Node, scope: Scope) -> None:
        match node.kind, node.parts:
            case "function", (names, block):
                self.block(block, scope | dict.fromkeys(names))
            case "call", (function, arguments, method):
                path = None if method else self.path(function, scope)
                if path is not None:
                    self.call(node, function, path, arguments)
                else:
                    self.expression(function, scope)
                    self.handed_over(function, arguments, scope)
                self.expressions(arguments, scope)
            case "index", (inner, key):
                path = self.path(node, scope)
                if path is not None:
                    self.known(node, path)
                else:
                    base = self.path(inner, scope)
                    if base is not None and key.kind != "const" and self._is_namespace(base):
                        text = "which function this is, only running shows"
                        self._say("open", node, base, text)
                    self.expression(inner, scope)
                    self.expression(key, scope)
            case "table", (fields,):
                for key, value in fields:
                    if key is not None:
                        self.expression(key, scope)
                    self.expression(value, scope)
            case "op", operands:
                self.expressions(operands, scope)

    def handed_over(self, function: Node, arguments: Sequence[Node], scope: Scope) -> None:
        """Check `pcall(f, {…})` as the call of `f` that it is."""
        protected = function.kind == "name" and function.parts[0] == "pcall" and "pcall" not in scope
        if protected and arguments:
            path = self.path(arguments[0], scope)
            if path is not None:
                self.call(arguments[0], arguments[0], path, arguments[1:])

    def path(self, node: Node, scope: Scope) -> str | None:
        """Return the path that an expression stands for, or None: `r.get_call` -> `app.integrations.x.get_call`."""
        if node.kind == "op" and len(node.parts) == 1 and node.token.value == "(":
            return self.path(node.parts[0], scope)
        if node.kind == "name":
            name = node.parts[0]
            if name in scope:
                return scope[name]
            return name if name in self._roots and name not in self._hidden else None
        if node.kind == "index" and node.parts[1].kind == "const" and isinstance(node.parts[1].parts[0], str):
            base = self.path(node.parts[0], scope)
            if base is None or self._is_function(base):
                return None
            return f"{base}.{node.parts[1].parts[0]}"
        return None

    # Names.

    def _place(self, path: str) -> tuple[Namespace | None, str]:
        for namespace in self._namespaces:
            if path == namespace.path or path.startswith(f"{namespace.path}."):
                return namespace, path[len(namespace.path) + 1 :]
        return None, path

    def _node(self, path: str) -> Mapping[str, Any] | str | None:
        """Return the node at a path, `function`, or None where there is nothing."""
        namespace, member = self._place(path)
        if namespace is None:
            inside = any(one.path.startswith(f"{path}.") for one in self._namespaces)
            return {} if inside else None
        node: Mapping[str, Any] = namespace.node()
        for name in member.split(".") if member else ():
            if name in node.get("n", {}):
                node = node["n"][name]
            elif name in node.get("s", ()):
                node = {**node, "s": ()}
            else:
                return "function" if name in node.get("f", ()) and path.endswith(f".{name}") else None
        return node

    def _is_namespace(self, path: str) -> bool:
        return isinstance(self._node(path), Mapping)

    def _is_function(self, path: str) -> bool:
        return self._node(path) == "function"

    def known(self, node: Node, path: str) -> bool:
        """Say so where a path leads nowhere."""
        if self._node(path) is not None:
            return True
        base, _, name = path.rpartition(".")
        while base and self._node(base) is None:
            base, _, name = base.rpartition(".")
        namespace, member = self._place(base)
        if namespace is not None:
            message = namespace.missing(f"{member}.{name}" if member else name).removeprefix(f"{base} ")
        else:
            near = nearest(name, {one.path[len(base) + 1 :].split(".")[0] for one in self._namespaces})
            message = f"has no {name!r}" + (f"; did you mean {base}.{near}?" if near else "")
        self._say("error", node, base, message)
        return False

    # Arguments.

    def call(self, node: Node, function: Node, path: str, arguments: Sequence[Node]) -> None:
        if not self.known(function, path):
            return
        if self._is_namespace(path):
            self._say("error", node, path, "is a namespace, and cannot be called")
            return
        namespace, member = self._place(path)
        assert namespace is not None  # noqa: S101 - a function stands in a namespace
        values = [value_of(argument) for argument in arguments]
        given: Any = values[0] if len(values) == 1 and isinstance(values[0], dict | list) else values
        if (values and values[-1] is UNKNOWN and arguments[-1].kind in {"call", "dots"}) or values == [UNKNOWN]:
            given = UNKNOWN
        try:
            tool = self._client.registry.resolve(member.split(".")[-1])
        except ToolError:
            tool = None
        if tool is None or ".wait." in f".{member}":
            self._say("call", node, path, "is known", tool)
            return
        faults = [] if given is UNKNOWN else self._faults(tool, given)
        for fault in faults:
            self._say("error", node, path, str(fault), tool)
        if not faults:
            unseen = " as far as its arguments can be seen" if given is UNKNOWN or _has_unknown(given) else ""
            effects = all_effects(tool, self._client.registry)
            kind = f"{tool.tool_class}, {', '.join(effects)}" if effects else tool.tool_class
            self._say("call", node, path, f"fits{unseen} ({kind})", tool)

    def _faults(self, tool: Tool, given: Any) -> list[Any]:
        if isinstance(given, list):
            names = list(tool.parameters)
            if len(given) > len(names):
                return [f"takes {len(names)} values, not {len(given)}"]
            given = {name: value for name, value in zip(names, given, strict=False) if value is not None}
        registry = self._client.registry
        plain = arguments_with_lists(tool, given, registry.types)
        unseen = tuple(_unknown_paths(plain, ""))
        try:
            self._client.preview(tool.name, _without_unknown(plain))
        except InvalidArguments as error:
            return [
                fault
                for fault in error.faults
                if not any(
                    fault.path == place
                    or fault.path.startswith((f"{place}.", f"{place}["))
                    or place.startswith(f"{fault.path}.")
                    for place in unseen
                )
            ]
        except ToolError:
            return []
        return []

    def _say(self, level: str, node: Node, path: str, message: str, tool: Tool | None = None) -> None:
        effects = all_effects(tool, self._client.registry) if tool is not None else ()
        name, tool_class = (None, None) if tool is None else (tool.name, tool.tool_class)
        token = node.token
        self.findings.append(Finding(level, token.line, token.column, path, message, name, tool_class, effects))


def value_of(node: Node) -> Any:
    """Return the value of a literal, with `UNKNOWN` for whatever only running would show."""
    if node.kind == "const":
        return node.parts[0]
    if node.kind != "table":
        return UNKNOWN
    fields = node.parts[0]
    keys = [UNKNOWN if key is None else value_of(key) for key, _ in fields]
    if fields and all(key is None for key, _ in fields):
        return [value_of(value) for _, value in fields]
    if any(not isinstance(key, str) for key in keys):
        return UNKNOWN
    values = {key: value_of(value) for key, (_, value) in zip(keys, fields, strict=True)}
    return {key: value for key, value in values.items() if value is not None}


def _has_unknown(value: Any) -> bool:
    return any(True for _ in _unknown_paths(value, ""))


def _unknown_paths(value: Any, path: str) -> Any:
    if value is UNKNOWN:
        yield path
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from _unknown_paths(inner, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for at, inner in enumerate(value):
            yield from _unknown_paths(inner, f"{path}[{at}]")


def _without_unknown(value: Any) -> Any:
    """Put a text where a value is not known: the faults of such places are not told."""
    if value is UNKNOWN:
        return "?"
    if isinstance(value, dict):
        return {name: _without_unknown(inner) for name, inner in value.items()}
    return [_without_unknown(inner) for inner in value] if isinstance(value, list) else value
