"""The words behind `call`: which are options of this program, and which are arguments of the tool.

Owns the grammar of a call in a shell. Knows the names of a tool's parameters and nothing of their values, which
`typed_text` reads and `arguments` puts together.

    TOOL                           the first word that is no option
    {...}  @file  -                the arguments as one JSON object: inline, from a file, from standard input
    --agent-id X  --agent_id=X     an argument, by any of its names, with `-` or `_`; nested: --data.agent_name X
    --flag                         the same as --flag=true, where no value follows
    key=X  key:=JSON               an argument as text, or as JSON; also --arg key=X, --arg key:=JSON

A value follows a flag where the next word is no option; so a value that begins with `--` needs the form `--flag=X`. A
flag of a boolean parameter takes the next word only where that word is true or false. `--wait` takes the next word
where that word is a plain name.

**One name, two meanings.** A parameter may have the name of an option: `--prompt`. Behind TOOL the parameter is meant,
in front of TOOL the option. `ALWAYS_OPTIONS` are excepted: a word that keeps a call from being made, or says where the
call goes, must never turn into an argument. A parameter of such a name is given as `key=X`.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import click

from tool_runtime.errors import UsageError

ALWAYS_OPTIONS = frozenset({"account", "sandbox", "dry-run", "read-only", "json", "help", "arg"})
_PAIR = re.compile(r"([A-Za-z_][\w.\-\[\]]*?)(:=|=)(.*)", re.DOTALL)
_NUMBER = re.compile(r"-[0-9.]")
_WORD = re.compile(r"[a-z][a-z0-9_]*", re.IGNORECASE)
_OPTIONAL_VALUE = "wait"


@dataclass(frozen=True, slots=True)
class Given:
    """One argument as it was typed: `said` is the word for messages, `text` is None for a bare flag."""

    name: str
    text: str | None
    is_json: bool = False
    said: str = ""


@dataclass(slots=True)
class Words:
    """The words of one call: `options` for click, and what is the tool's."""

    options: list[str] = field(default_factory=list)
    target: str | None = None
    source: str | None = None
    given: list[Given] = field(default_factory=list)


class Names:
    """The names that a tool's arguments answer to: each spelling, with `-` for `_` and in any case.

    `find("Agent-Id")` -> `"agent_id"`. Of a nested name only the first part is looked up.
    """

    def __init__(self, names: Iterable[str], booleans: Callable[[str], bool]) -> None:
        self._exact = frozenset(names)
        self._folded = {_folded(name): name for name in self._exact}
        self._booleans = booleans

    def find(self, name: str) -> str | None:
        """Return the parameter's spelling that a flag means, or None."""
        head = re.split(r"[.\[]", name, maxsplit=1)[0]
        return next((one for one in (name, head) if one in self._exact), None) or self._folded.get(_folded(head))

    def takes_no_value(self, name: str) -> bool:
        """Say whether a flag stands alone: it means a boolean as a whole."""
        found = self.find(name)
        return found is not None and "." not in name and self._booleans(found)


def _folded(name: str) -> str:
    return name.replace("-", "_").lower()


class Scanner:
    """Parts the words of one command line."""

    def __init__(self, params: Sequence[click.Parameter], names_of: Callable[[str], Names]) -> None:
        """Take the options of the command, and what finds a tool's names."""
        options = [one for one in params if isinstance(one, click.Option)]
        self._options: Mapping[str, click.Option] = {name: one for one in options for name in one.opts}
        self._help = frozenset({"-h", "--help"})
        self._names_of = names_of
        self._names: Names | None = None
        self._words = Words()

    def scan(self, words: Sequence[str]) -> Words:
        """Part the words. Raises `UsageError` for a word that is nothing."""
        rest = list(words)
        while rest:
            word = rest.pop(0)
            if word == "--":
                for literal in rest:
                    self._positional(literal)
                break
            if word.startswith("--"):
                self._flag(word, rest)
            elif word.startswith("-") and len(word) > 1 and not _NUMBER.match(word):
                self._short(word, rest)
            else:
                self._positional(word)
        return self._words

    def _positional(self, word: str) -> None:
        if self._words.target is None:
            self._words.target = word
            self._names = self._names_of(word)
            return
        pair = _PAIR.fullmatch(word)
        if pair is not None:
            self._pair(word, word)
        elif self._words.source is None:
            self._words.source = word
        else:
            message = f"{word[:80]!r} is one word too many: the arguments are given already"
            raise UsageError(message, hint="Give one JSON object, and single arguments as --name VALUE or name=VALUE.")

    def _pair(self, word: str, said: str) -> None:
        pair = _PAIR.fullmatch(word)
        if pair is None:
            raise UsageError(f"--arg takes key=value or key:=json, not {word[:80]!r}")
        name, sign, text = pair.groups()
        self._words.given.append(Given(name, text, sign == ":=", said))

    def _short(self, word: str, rest: list[str]) -> None:
        option = self._options.get(word[:2])
        if option is None and word[:2] not in self._help:
            raise UsageError(f"there is no option {word[:80]}", hint="A negative number as a value: --name=-5.")
        self._words.options.append(word)
        if option is not None and not option.is_flag and len(word) == 2:  # noqa: PLR2004 - `-o` alone
            self._take(option, word, rest)

    def _flag(self, word: str, rest: list[str]) -> None:
        name, equals, text = word[2:].partition("=")
        plain = _folded(name).replace("_", "-")
        option = self._options.get(f"--{plain}")
        is_option = option is not None or f"--{plain}" in self._help
        known = self._names.find(name) if self._names is not None else None
        if is_option and (known is None or plain in ALWAYS_OPTIONS):
            self._option(option, plain, word, text if equals else None, rest)
        elif known is None and (self._names is None or self._meant(plain)):
            near = self._meant(plain)
            message = f"there is no option --{name[:80]}"
            where = " Arguments of a tool stand behind its name." if self._names is None else ""
            raise UsageError(message, hint=(f"Did you mean --{near}?" if near else f"See --help.{where}"))
        else:
            value: str | None = text if equals else None
            if not equals and rest and self._follows(name, rest[0]):
                value = rest.pop(0)
            self._words.given.append(Given(name, value, is_json=False, said=f"--{name}"))

    def _option(self, option: click.Option | None, plain: str, word: str, text: str | None, rest: list[str]) -> None:
        if plain == "arg":
            if text is None and not rest:
                raise UsageError("--arg takes key=value or key:=json")
            self._pair(rest.pop(0) if text is None else text, "--arg")
        elif plain == _OPTIONAL_VALUE and option is not None and not option.is_flag:
            if text is None and rest and _WORD.fullmatch(rest[0]):
                text = rest.pop(0)
            self._words.options.append(f"--{plain}={text or ''}")
        else:
            self._words.options.append(f"--{plain}" if text is None else f"--{plain}={text}")
            if option is not None and not option.is_flag and text is None:
                self._take(option, word, rest)

    def _take(self, option: click.Option, word: str, rest: list[str]) -> None:
        if not rest:
            raise UsageError(f"{word} needs a value: {option.metavar or option.name}")
        self._words.options.append(rest.pop(0))

    def _follows(self, name: str, word: str) -> bool:
        """Say whether a word is the value of the flag in front of it."""
        assert self._names is not None  # noqa: S101 - flags of a tool stand behind the tool
        if self._names.takes_no_value(name):
            return word in {"true", "false"}
        return not word.startswith("--") and not (word[:2] in self._options and word[:2] != "--")

    def _meant(self, plain: str) -> str | None:
        """Return the option that a misspelt word plainly means: `sanbox` -> `sandbox`.

        An API may take arguments that nobody has declared. A typo in `--sandbox` must not become one of them.
        """
        from tool_runtime.values.suggestions import nearly

        known = [name[2:] for name in self._options if name.startswith("--")]
        return nearly(plain, known)
