"""A parser of Lua 5.4: from text to a tree that says what is called with what, and where.

Owns precedence, statements and blocks; `lua_words` owns the words. The judge of syntax is Lua itself: this parser reads
what Lua has accepted, and a prompt asks it whether a chunk is unfinished. Must not know: tools, scripts' environment.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from tool_runtime.surfaces.lua.lua_words import LuaSyntaxError, Token, Unfinished, tokens_of

_BINARY: Final = {
    "or": (1, 1), "and": (2, 2), "<": (3, 3), ">": (3, 3), "<=": (3, 3), ">=": (3, 3), "~=": (3, 3), "==": (3, 3),
    "|": (4, 4), "~": (5, 5), "&": (6, 6), "<<": (7, 7), ">>": (7, 7), "..": (9, 8), "+": (10, 10), "-": (10, 10),
    "*": (11, 11), "/": (11, 11), "//": (11, 11), "%": (11, 11), "^": (14, 13),
}  # fmt: skip
_UNARY: Final = 12
_DEEPEST: Final = 180


@dataclass(frozen=True, slots=True)
class Node:
    """A part of the tree.

    `kind` and what `parts` hold: `const` (the value), `name` (the name), `index` (object, key), `call` (function,
    arguments, method or None), `table` (list of key or None, value), `function` (parameters, block), `op` (operands),
    `dots`; and statements: `local` (names, attributes, values), `assign` (targets, values), `block` (statements), `for`
    (names, values, block), `if` (conditions and blocks), `do`, `while`, `repeat`, `return`, `localfunction`,
    `functionto` (target, function), `callto` (call), `none`.
    """

    kind: str
    parts: tuple[Any, ...]
    token: Token


@dataclass(slots=True)
class _Reader:
    text: str
    tokens: list[Token]
    at: int = 0
    depth: int = 0
    locals_at: list[tuple[Token, Token, bool]] = field(default_factory=list)

    # Tokens.

    @property
    def now(self) -> Token:
        return self.tokens[self.at]

    def take(self) -> Token:
        token = self.now
        if token.kind != "end":
            self.at += 1
        return token

    def sees(self, *words: str) -> bool:
        return self.now.kind == "word" and self.now.value in words

    def skip(self, word: str) -> bool:
        if self.sees(word):
            self.take()
            return True
        return False

    def expect(self, word: str) -> Token:
        if not self.sees(word):
            self.fail(f"expected {word}")
        return self.take()

    def name(self) -> Token:
        if self.now.kind != "name":
            self.fail("expected a name")
        return self.take()

    def fail(self, what: str) -> Any:
        if self.now.kind == "end":
            raise Unfinished(f"{what} before the end")
        raise LuaSyntaxError(f"line {self.now.line}: {what} near {self.now.value!r}")

    # Statements.

    def block(self, *ends: str, top: bool = False) -> Node:
        begin, statements = self.now, []
        self.depth += 1
        if self.depth > _DEEPEST:
            raise LuaSyntaxError("nested too deeply")
        while not (self.now.kind == "end" or self.sees("return", *ends)):
            statements.append(self.statement(top=top))
        if self.sees("return"):
            token = self.take()
            values = [] if self.now.kind == "end" or self.sees(";", *ends) else self.expressions()
            self.skip(";")
            statements.append(Node("return", (values,), token))
        self.depth -= 1
        return Node("block", (statements,), begin)

    def closed(self, *ends: str) -> Node:
        block = self.block(*ends)
        if not self.sees(*ends):
            self.fail(f"expected {ends[0]}")
        return block

    def statement(self, *, top: bool = False) -> Node:
        token = self.now
        word = token.value if token.kind == "word" else ""
        if word in {";", "break"}:
            self.take()
            return Node("none", (), token)
        if word == "goto":
            self.take()
            self.name()
            return Node("none", (), token)
        if word == "::":
            self.take()
            self.name()
            self.expect("::")
            return Node("none", (), token)
        reader = getattr(self, f"_{word}", None) if word in {"local", "if", "for", "function", "repeat"} else None
        if word == "local":
            return self._local(top=top)
        if reader is not None:
            read: Node = reader()
            return read
        if word in {"do", "while"}:
            self.take()
            condition = []
            if word == "while":
                condition = [self.expression()]
                self.expect("do")
            block = self.closed("end")
            self.take()
            return Node(word, (condition, block), token)
        return self._expression_statement()

    def _expression_statement(self) -> Node:
        token, first = self.now, self.suffixed()
        if self.sees("=", ","):
            targets = [first]
            while self.skip(","):
                targets.append(self.suffixed())
            self.expect("=")
            return Node("assign", (targets, self.expressions()), token)
        if first.kind != "call":
            self.fail("expected a statement")
        return Node("callto", (first,), token)

    def _local(self, *, top: bool = False) -> Node:
        token = self.take()
        if self.skip("function"):
            name = self.name()
            function = self.body(token)
            if top:
                self.locals_at.append((token, name, True))
            return Node("localfunction", (name.value, function), token)
        names = []
        while True:
            names.append(self.name().value)
            if self.skip("<"):
                self.name()
                self.expect(">")
            if not self.skip(","):
                break
        last = self.tokens[self.at - 1]
        values = self.expressions() if self.skip("=") else []
        if top:
            self.locals_at.append((token, last, bool(values)))
        return Node("local", (names, values), token)

    def _if(self) -> Node:
        token, parts = self.take(), []
        condition: Node | None = self.expression()
        self.expect("then")
        while True:
            block = self.closed("elseif", "else", "end")
            parts.append((condition, block))
            word = self.take().value
            if word == "end":
                return Node("if", (parts,), token)
            condition = None
            if word == "elseif":
                condition = self.expression()
                self.expect("then")

    def _for(self) -> Node:
        token, names = self.take(), [self.name().value]
        while self.skip(","):
            names.append(self.name().value)
        if not self.skip("="):
            self.expect("in")
        values = self.expressions()
        self.expect("do")
        block = self.closed("end")
        self.take()
        return Node("for", (names, values, block), token)

    def _repeat(self) -> Node:
        token = self.take()
        block = self.closed("until")
        self.take()
        return Node("repeat", (block, self.expression()), token)

    def _function(self) -> Node:
        token = self.take()
        target = Node("name", (self.now.value,), self.name())
        method = False
        while self.sees(".", ":") and not method:
            method = self.take().value == ":"
            key = self.name()
            target = Node("index", (target, Node("const", (key.value,), key)), key)
        return Node("functionto", (target, self.body(token, method=method)), token)

    def body(self, token: Token, *, method: bool = False) -> Node:
        self.expect("(")
        names = ["self"] if method else []
        while not self.sees(")"):
            if self.skip("..."):
                break
            names.append(self.name().value)
            if not self.skip(","):
                break
        self.expect(")")
        block = self.closed("end")
        self.take()
        return Node("function", (names, block), token)

    # Expressions.

    def expressions(self) -> list[Node]:
        found = [self.expression()]
        while self.skip(","):
            found.append(self.expression())
        return found

    def expression(self, limit: int = 0) -> Node:
        self.depth += 1
        if self.depth > _DEEPEST:
            raise LuaSyntaxError("nested too deeply")
        token = self.now
        if self.sees("not", "-", "#", "~"):
            sign = self.take().value
            operand = self.expression(_UNARY)
            negative = sign == "-" and operand.kind == "const" and isinstance(operand.parts[0], int | float)
            left = Node("const", (-operand.parts[0],), token) if negative else Node("op", (operand,), token)
        else:
            left = self.simple()
        while self.now.kind == "word" and self.now.value in _BINARY and _BINARY[self.now.value][0] > limit:
            left = Node("op", (left, self.expression(_BINARY[self.take().value][1])), token)
        self.depth -= 1
        return left

    def simple(self) -> Node:
        token = self.now
        if token.kind in {"number", "string"}:
            self.take()
            return Node("const", (token.value,), token)
        if self.sees("nil", "true", "false"):
            self.take()
            return Node("const", ({"nil": None, "true": True, "false": False}[token.value],), token)
        if self.sees("..."):
            self.take()
            return Node("dots", (), token)
        if self.sees("{"):
            return self.table()
        if self.sees("function"):
            return self.body(self.take())
        return self.suffixed()

    def suffixed(self) -> Node:
        token = self.now
        if self.skip("("):
            found = Node("op", (self.expression(),), token)
            self.expect(")")
        else:
            found = Node("name", (token.value,), self.name())
        while True:
            here = self.now
            if self.skip("."):
                key = self.name()
                found = Node("index", (found, Node("const", (key.value,), key)), key)
            elif self.skip("["):
                key_node = self.expression()
                self.expect("]")
                found = Node("index", (found, key_node), key_node.token)
            elif self.skip(":"):
                method = self.name()
                found = Node("call", (found, self.arguments(), method.value), here)
            elif self.sees("(", "{") or here.kind == "string":
                found = Node("call", (found, self.arguments(), None), here)
            else:
                return found

    def arguments(self) -> list[Node]:
        if self.now.kind == "string":
            token = self.take()
            return [Node("const", (token.value,), token)]
        if self.sees("{"):
            return [self.table()]
        self.expect("(")
        if self.skip(")"):
            return []
        found = self.expressions()
        self.expect(")")
        return found

    def table(self) -> Node:
        token, fields = self.expect("{"), []
        while not self.sees("}"):
            key: Node | None = None
            following = self.tokens[self.at + 1] if self.at + 1 < len(self.tokens) else self.now
            if self.skip("["):
                key = self.expression()
                self.expect("]")
                self.expect("=")
            elif self.now.kind == "name" and following.kind == "word" and following.value == "=":
                name = self.take()
                key = Node("const", (name.value,), name)
                self.take()
            fields.append((key, self.expression()))
            if not (self.skip(",") or self.skip(";")):
                break
        self.expect("}")
        return Node("table", (fields,), token)


def parse(text: str) -> Node:
    """Return the tree of a chunk. Raises `LuaSyntaxError`, and `Unfinished` where more text could complete it."""
    return _read(text)[0]


def _read(text: str) -> tuple[Node, _Reader]:
    reader = _Reader(text, tokens_of(text))
    try:
        tree = reader.block(top=True)
    except RecursionError as error:
        raise LuaSyntaxError("nested too deeply") from error
    if reader.now.kind != "end":
        reader.fail("expected a statement")
    return tree, reader


def without_top_level_locals(text: str) -> str:
    """Return a chunk whose outermost locals are globals, for prompts where a line is a chunk; lines keep their numbers.

    Example: `local x <const> = 1` -> `      x         = 1`, and `local y` -> `      y=nil`. Raises as `parse` does.
    """
    tree, reader = _read(text)
    del tree
    changed = text
    for begin, last, has_values in reversed(reader.locals_at):
        inside = text[begin.stop : last.stop]
        if reader.tokens[reader.tokens.index(begin) + 1].value == "function":
            changed = changed[: begin.start] + " " * 5 + changed[begin.stop :]
            continue
        plain = re.sub(r"<\s*\w+\s*>", lambda found: " " * len(found[0]), inside)
        changed = changed[: begin.start] + " " * 5 + plain + ("" if has_values else "=nil") + changed[last.stop :]
    return changed


def walk(node: Any) -> Sequence[Node]:
    """Return every node of a tree, outer ones first."""
    found: list[Node] = []
    open_nodes: list[Any] = [node]
    while open_nodes:
        one = open_nodes.pop()
        if isinstance(one, Node):
            found.append(one)
            open_nodes.extend(reversed(one.parts))
        elif isinstance(one, list | tuple):
            open_nodes.extend(reversed(one))
    return found
