"""Validation: what can be said of a script without running it.

Lua compiles the script. Then every path that begins at a namespace is followed through names that get one value, and
each call whose name can be seen is checked: the name, and the arguments as far as they stand there as literals. Nothing
is called. Owns what can be seen, and how that is told; tools and arguments are judged by the namespaces and the binder.
A script that runs well is never called wrong: where a name may get another value, nothing is said of it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tool_runtime.core.gate import all_effects
from tool_runtime.core.tools import Tool
from tool_runtime.errors import InvalidArguments, ScriptFailed, ToolError
from tool_runtime.surfaces.lua.empty_tables import arguments_with_lists
from tool_runtime.surfaces.lua.lua_session import LuaSession, plain_source
from tool_runtime.surfaces.lua.lua_syntax import Node, parse
from tool_runtime.surfaces.lua.lua_words import LuaSyntaxError
from tool_runtime.surfaces.lua.namespaces import Namespace, ToolNamespace, has_options
from tool_runtime.surfaces.lua.seen_values import UNKNOWN, is_open, unknown_paths, value_of, without_unknown
from tool_runtime.values.suggestions import nearest


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
        tree = parse(plain_source(source))
    except LuaSyntaxError as error:
        return Checked(
            [Finding("open", 0, 0, "", f"Lua accepts the script, and it is too intricate to be followed: {error}")]
        )
    checker = _Checker(session)
    checker.check(tree)
    unique = {(one.line, one.column, one.path, one.message): one for one in checker.findings}
    return Checked(sorted(unique.values(), key=lambda one: (one.line, one.column)))


@dataclass(frozen=True, slots=True)
class _Known:
    """What a name stands for: the path of a namespace or function, or a literal. `key` tells declarations apart."""

    path: str | None = None
    value: Any = UNKNOWN
    key: tuple[int, int] | None = None


_NOTHING = _Known()
Scope = dict[str, _Known]
"""What locals stand for."""


class _Checker:
    def __init__(self, session: LuaSession) -> None:
        self._client = session.client
        self._namespaces: list[Namespace] = session.namespaces()
        self.findings: list[Finding] = []
        self._roots = {namespace.path.split(".")[0] for namespace in self._namespaces}
        # What assignments change: locals by their declaration, and what globals get.
        self._changed: set[tuple[int, int] | None] = set()
        self._globals: dict[str, list[_Known]] = {}
        self._final: dict[str, list[_Known]] = {}
        self._tells = False

    def check(self, tree: Node) -> None:
        """Follow the script: twice to learn what names stand for, and then to tell what is seen."""
        for self._tells in (False, False, True):
            self._globals = {}
            self.block(tree, {})
            self._final = self._globals

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
                known = [self.known_of(value, scope) for value in values]
                for at, name in enumerate(names):
                    key = (node.token.start, at)
                    found = known[at] if at < len(known) and key not in self._changed else _NOTHING
                    scope[name] = replace(found, key=key)
                    if name == "_ENV":
                        self._globals[name] = [_NOTHING]
            case "localfunction", (name, function):
                scope[name] = _NOTHING
                self.expression(function, scope)
            case "functionto", (target, function):
                self.assigned(target, _NOTHING, scope)
                self.expression(function, scope)
            case "assign", (targets, values):
                self.expressions(values, scope)
                known = [self.known_of(value, scope) for value in values]
                for at, target in enumerate(targets):
                    self.assigned(target, known[at] if at < len(known) else _NOTHING, scope)
            case "for", (names, values, block):
                self.expressions(values, scope)
                self.block(block, scope | dict.fromkeys(names, _NOTHING))
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

    def assigned(self, target: Node, value: _Known, scope: Scope) -> None:
        if target.kind == "name":
            name = target.parts[0]
            if name in scope:
                self._changed.add(scope[name].key)
            else:
                self._globals.setdefault(name, []).append(value)
            return
        base, key = target.parts
        if base.kind == "name" and base.parts[0] in {"_G", "_ENV"}:
            # A name that is not to be seen here may be any.
            name = key.parts[0] if key.kind == "const" else "_ENV"
            self._globals.setdefault(str(name), []).append(_NOTHING)
        self.expressions([part for part in target.parts if isinstance(part, Node)], scope)

    def known_of(self, node: Node, scope: Scope) -> _Known:
        """Return what a name stands for that gets this value; a table may change later on."""
        value = value_of(node, lambda name: self.name(name, scope).value)
        return _Known(self.path(node, scope), UNKNOWN if isinstance(value, dict | list) else value)

    def name(self, name: str, scope: Scope) -> _Known:
        """Return what a name stands for. A global is followed where it gets one value in the whole script."""
        if name in scope:
            return scope[name]
        given = [] if "_ENV" in self._final else self._final.get(name, [])
        if name in self._roots and not given and "_ENV" not in self._final:
            return _Known(name)
        return given[0] if len(given) == 1 else _NOTHING

    # Expressions: follow each, and check the calls in it.

    def expressions(self, nodes: Sequence[Node], scope: Scope) -> None:
        for node in nodes:
            self.expression(node, scope)

    def expression(self, node: Node, scope: Scope) -> None:
        match node.kind, node.parts:
            case "function", (names, block):
                self.block(block, scope | dict.fromkeys(names, _NOTHING))
            case "call", (function, arguments, method):
                path = self.path(function, scope)
                if path is not None and method:
                    if self.known(node, f"{path}.{method}"):
                        self._say("error", node, f"{path}.{method}", "is called with a dot, not with a colon")
                elif path is not None:
                    self.call(node, function, path, arguments, scope)
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
                    hidden = self.known_of(key, scope).value is UNKNOWN
                    if base is not None and hidden and self._is_namespace(base):
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
        known = {*scope, *self._final}
        protected = function.kind == "name" and function.parts[0] == "pcall" and not known & {"pcall", "_ENV"}
        if protected and arguments:
            path = self.path(arguments[0], scope)
            if path is not None:
                self.call(arguments[0], arguments[0], path, arguments[1:], scope)

    def path(self, node: Node, scope: Scope) -> str | None:
        """Return the path that an expression stands for, or None: `r.get_call` -> `app.integrations.x.get_call`."""
        if node.kind == "op" and len(node.parts) == 1 and node.token.value == "(":
            return self.path(node.parts[0], scope)
        if node.kind == "name":
            return self.name(node.parts[0], scope).path
        if node.kind == "index":
            key = self.known_of(node.parts[1], scope).value
            base = self.path(node.parts[0], scope)
            if base is None or not isinstance(key, str) or self._is_function(base):
                return None
            return f"{base}.{key}"
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
                return (
                    "function" if (name in node.get("f", ()) or node.get("o")) and path.endswith(f".{name}") else None
                )
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

    def call(self, node: Node, function: Node, path: str, arguments: Sequence[Node], scope: Scope) -> None:
        if not self.known(function, path):
            return
        if self._is_namespace(path):
            self._say("error", node, path, "is a namespace, and cannot be called")
            return
        namespace, member = self._place(path)
        assert namespace is not None  # noqa: S101 - a function stands in a namespace
        values = [value_of(one, lambda name: self.name(name, scope).value) for one in arguments]
        given: Any = values[0] if len(values) == 1 and isinstance(values[0], dict | list) else values
        if (arguments and is_open(arguments[-1])) or values == [UNKNOWN]:
            given = UNKNOWN
        elif isinstance(given, list) and has_options(given):
            given = given[0]
        tool = namespace.tool_of(member) if isinstance(namespace, ToolNamespace) else None
        if tool is None:
            self._say("call", node, path, "is known")
            return
        wrong: list[str] = []
        if f".{member}".endswith(f".wait.{member.rpartition('.')[2]}") and isinstance(given, dict):
            wrong = [
                f"{name}: expected a number of seconds above 0"
                for name in ("timeout", "interval")
                if not _is_time(given.get(name, UNKNOWN))
            ]
            given = {name: value for name, value in given.items() if name not in {"timeout", "interval"}}
        faults = [] if given is UNKNOWN or not self._tells else [*wrong, *self._faults(tool, given)]
        for fault in faults:
            self._say("error", node, path, str(fault), tool)
        if not faults:
            unseen = " as far as its arguments can be seen" if given is UNKNOWN or any(unknown_paths(given)) else ""
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
        unseen = tuple(unknown_paths(plain))
        try:
            self._client.preview(tool.name, without_unknown(plain))
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
        if not self._tells:
            return
        effects = all_effects(tool, self._client.registry) if tool is not None else ()
        name, tool_class = (None, None) if tool is None else (tool.name, tool.tool_class)
        token = node.token
        self.findings.append(Finding(level, token.line, token.column, path, message, name, tool_class, effects))


def _is_time(value: Any) -> bool:
    return value is UNKNOWN or (isinstance(value, int | float) and not isinstance(value, bool) and value > 0)
