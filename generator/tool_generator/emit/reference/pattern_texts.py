"""A short text that matches a regular expression, for placeholders in examples.

Reads the part of the syntax that JSON Schema recommends: literals, classes, groups, alternatives, quantifiers, anchors.
What is read beyond that (look-around, references) may lead to a text that does not match; the caller checks.

This module must not know about schemas.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

_PLAIN = "a1A0_-. :/+@x"
_ESCAPED = {"d": "1", "w": "a", "s": " ", "D": "a", "W": "-", "S": "a", "n": "\n", "r": "\r", "t": "\t", "f": "\f"}
_WITHIN = {"d": str.isdigit, "w": lambda char: char.isalnum() or char == "_", "s": str.isspace}
_NO_CHARACTER = frozenset("bBAZzG")
_UNBOUNDED = 64
_LONGEST = 4_096

Choice = int
Text = Callable[[int, Choice], str]


class UnreadablePatternError(ValueError):
    """The expression has syntax that is not read here."""


def texts_of(pattern: str) -> Iterator[str]:
    """Yield texts that match, short ones first: `^ag_[0-9a-f]{4}$` -> `ag_1111`.

    Later texts take other alternatives and repeat more. Raises `UnreadablePatternError`.
    """
    text = _Reader(pattern).whole()
    for more in range(_UNBOUNDED):
        for choice in range(4):
            yield text(more, choice)


@dataclass(slots=True)
class _Reader:
    pattern: str
    at: int = 0

    def whole(self) -> Text:
        text = self.alternatives()
        if self.at < len(self.pattern):
            raise UnreadablePatternError(self.pattern)
        return text

    def peek(self, ahead: int = 0) -> str:
        return self.pattern[self.at + ahead : self.at + ahead + 1]

    def take(self) -> str:
        char = self.peek()
        if not char:
            raise UnreadablePatternError(self.pattern)
        self.at += 1
        return char

    def alternatives(self) -> Text:
        options = [self.sequence()]
        while self.peek() == "|":
            self.at += 1
            options.append(self.sequence())
        return lambda more, choice: options[choice % len(options)](more, choice)

    def sequence(self) -> Text:
        parts: list[Text] = []
        while self.peek() not in ("", "|", ")"):
            parts.append(self.repeated(self.atom()))
        return lambda more, choice: "".join(part(more, choice) for part in parts)

    def repeated(self, atom: Text) -> Text:
        least, most = self.quantifier()
        if self.peek() in ("?", "+") and (least, most) != (1, 1):
            self.at += 1
        if least > _LONGEST:
            raise UnreadablePatternError(self.pattern)

        def text(more: int, choice: Choice) -> str:
            # Only the outer one of two nested repeats grows: both together would grow without measure.
            inner = more if most == 1 else 0
            written = "".join(atom(inner, choice) for _ in range(min(least + more, most)))
            if len(written) > _LONGEST:
                raise UnreadablePatternError(self.pattern)
            return written

        return text

    def quantifier(self) -> tuple[int, int]:
        match self.peek():
            case "*":
                self.at += 1
                return 0, _UNBOUNDED
            case "+":
                self.at += 1
                return 1, _UNBOUNDED
            case "?":
                self.at += 1
                return 0, 1
            case "{":
                end = self.pattern.find("}", self.at)
                low, comma, high = self.pattern[self.at + 1 : end].partition(",")
                if end > 0 and low.isdigit() and (not high or high.isdigit()):
                    self.at = end + 1
                    return int(low), int(high) if high else (_UNBOUNDED + int(low) if comma else int(low))
        return 1, 1

    def atom(self) -> Text:
        match char := self.take():
            case "^" | "$":
                return _constant("")
            case ".":
                return _constant("a")
            case "(":
                return self.group()
            case "[":
                return self.character_class()
            case "\\":
                return _constant(self.escape())
            case _:
                return _constant(char)

    def group(self) -> Text:
        looks = False
        if self.peek() == "?":
            self.at += 1
            kind = self.take()
            if kind == "<" and self.peek() not in ("=", "!"):
                while self.take() != ">":
                    pass
            elif kind != ":":
                looks = True
                self.at += kind == "<"
        inside = self.alternatives()
        if self.take() != ")":
            raise UnreadablePatternError(self.pattern)
        return _constant("") if looks else inside

    def escape(self) -> str:
        char = self.take()
        if char in _NO_CHARACTER:
            return ""
        if char.isdigit() or char in "pPk":
            raise UnreadablePatternError(self.pattern)
        if char in "xu":
            digits = self.pattern[self.at : self.at + (2 if char == "x" else 4)]
            self.at += len(digits)
            try:
                return chr(int(digits, 16))
            except ValueError as error:
                raise UnreadablePatternError(self.pattern) from error
        return _ESCAPED.get(char, char)

    def character_class(self) -> Text:
        refused = self.peek() == "^"
        self.at += refused
        tests: list[Callable[[str], bool]] = []
        candidates = ""
        while self.peek() != "]" or not tests:
            char, test = self.member()
            candidates += char
            tests.append(test)
        self.at += 1

        def fits(char: str) -> bool:
            return any(test(char) for test in tests) != refused

        found = next((char for char in _PLAIN + candidates if fits(char)), None)
        if found is None:
            found = next((chr(point) for point in range(32, 0x250) if fits(chr(point))), "")
        return _constant(found)

    def member(self) -> tuple[str, Callable[[str], bool]]:
        """Read one member of a class: a character that belongs to the member, and a test."""
        char = self.take()
        if char == "\\":
            kind = self.peek()
            char = self.escape()
            if kind.lower() in _WITHIN:
                within = _WITHIN[kind.lower()]
                return char, within if kind.islower() else lambda other: not within(other)
        if self.peek() == "-" and self.peek(1) not in ("]", ""):
            self.at += 1
            last = self.take()
            last = self.escape() if last == "\\" else last
            return char, lambda other: char <= other <= last
        return char, lambda other: other == char


def _constant(text: str) -> Text:
    return lambda _more, _choice: text
