"""Secrets: keys, and the values among arguments that the spec marks `secret: true`.

Owns three things. `Secret` holds a key and shows a mask; `key_problem` says why a text cannot be a key. `mask` and
`secret_texts` find the secret values among arguments, at any depth, for dry runs and for hiding. `hide_text` and
`hide_json` remove secret texts from what the other side sent, in every spelling in which JSON, URLs, HTML and headers
write a text. Knows no accounts, no requests and no replies.
"""

import base64
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any, NoReturn, Self

from tool_runtime.values.references import type_name_of

MASK = "***"
_NO_PICKLE = "a key is not pickled"
# A shorter one is a common word or digit: replacing it would spoil the text and hide nothing.
SHORTEST = 4
# A shorter base64 text stands in many texts that have nothing to do with the secret.
SHORTEST_BASE64 = 8
MOST_IN_A_BYTE = 0xFF

# A text without any of these writes a secret in no other way than plainly or in base64.
_ESCAPE = re.compile(r"[\\%&\x00]")
_LETTERS = {"\b": "b", "\t": "t", "\n": "n", "\f": "f", "\r": "r"}
_ENTITIES = {"&": "amp", "<": "lt", ">": "gt", '"': "quot", "'": "apos", "/": "sol"}
_BASE64_SIGNS = {"+": r"(?:[+-]|%2[bB]|\\u002[bB])", "/": r"(?:\\?/|_|%2[fF]|\\u002[fF])"}
_BACKSLASH = r"(?:\\|(?<=\\)(?:u005[cC]|x5[cC])|%(?:25){0,4}5[cC]|&(?:amp;){0,4}(?:#0{0,6}92|#[xX]0{0,6}5[cC]|bsol);?)"
_SCHEME = re.compile(
    r"\s*(?:authorization\s*:\s*)?(?:(bearer)(?:[\s:=].*)?|(basic|token|api-?key)[\s:=].*)", re.IGNORECASE | re.DOTALL
)


class Secret:
    """A key. Only `reveal` gives the key away: not `repr`, `str`, formats, `vars`, pickles, or a walk over slots.

    A copy of a secret is the secret itself. Two secrets are equal only if they are the same object.
    """

    # Holds a function: what dumps the attributes of objects does not look into the closure of a function.
    __slots__ = ("_open",)
    _open: Callable[[], Any]

    def __init__(self, value: Any) -> None:
        """Take a key; what is no string is kept too, so that `key_problem` can say so without showing the value."""
        # A member of a string enumeration means its value, not its name.
        text = str.__str__(value) if isinstance(value, str) else value
        self._open = lambda: text

    def reveal(self) -> str:
        """Return the key itself, for the one place that sends the key."""
        text: str = self._open()
        return text

    def hide(self, text: str) -> str:
        """Return the text without the key, in any spelling, as `hide_text` does."""
        return hide_text(text, (self,))

    def __repr__(self) -> str:
        """Show a mask."""
        return f"Secret({MASK})"

    def __copy__(self) -> Self:
        """Return the secret itself."""
        return self

    def __deepcopy__(self, memo: Any) -> Self:
        """Return the secret itself."""
        return self

    def __reduce__(self) -> NoReturn:
        """Refuse to be pickled, which would write the key down."""
        raise TypeError(_NO_PICKLE)

    def __getstate__(self) -> NoReturn:
        """Refuse to give a state, which is what a pickle writes down."""
        raise TypeError(_NO_PICKLE)


def key_problem(secret: Secret) -> tuple[str, str] | None:
    """Say why a value cannot be a key, and what to do about that, or return None. Neither text shows the value.

    `Secret("Bearer key_1")` -> `("starts with 'Bearer', as a header does", "Give the key without 'Bearer'.")`
    """
    value: object = secret.reveal()
    if not isinstance(value, str):
        hint = "Decode it: key.decode()." if isinstance(value, bytes | bytearray) else "A key is a string."
        return f"is {type(value).__name__} and no string", hint
    if not value.strip():
        return "is empty", "If the key comes from a variable, is that variable set?"
    scheme = _SCHEME.fullmatch(value)
    if scheme:
        word = scheme[1] or scheme[2]
        return f"starts with {word!r}, as a header does", f"Give the key without {word!r}."
    if value != value.strip():
        return "has white space around it", "Look for a line break or a space; a key out of a file needs .strip()."
    if any("\ud800" <= letter <= "\udfff" for letter in value):
        return "holds characters that no key has", "Look at how the key was decoded."
    return None


def hide_text(text: str, secrets: Iterable[Secret | str]) -> str:
    r"""Return a text with a mask in place of each secret, however JSON, a URL, HTML or a header may write the secret.

    Each character of a secret may be written as itself, with backslashes before it, as `\u006b` or `\x6b`, as `%6b` or
    `%256b`, or as `&#107;`, and one secret may mix them; a secret inside base64 (`user:key`) is hidden too.

    `hide_text(r"no user \u006bey_1\/2", ["key_1/2"])` -> `"no user ***"`
    """
    texts: list[object] = [secret.reveal() if isinstance(secret, Secret) else secret for secret in secrets]
    escaped = _ESCAPE.search(text) is not None
    # The longer one first: a secret may be a part of another one.
    for secret in sorted({one for one in texts if isinstance(one, str) and one}, key=len, reverse=True):
        text = _pattern(secret, escaped=escaped).sub(MASK, text)
    return text


def hide_json(value: Any, secrets: Iterable[Secret | str]) -> Any:
    """Return decoded JSON without the secrets: strings and keys as by `hide_text`, numbers where one is a secret.

    `hide_json({"key_1": ["of key_1", 5]}, ["key_1"])` -> `{"***": ["of ***", 5]}`
    """
    hidden = tuple(secrets)

    def walk(part: Any) -> Any:
        if isinstance(part, str):
            return hide_text(part, hidden)
        if isinstance(part, Mapping):
            return {walk(key): walk(inner) for key, inner in part.items()}
        if isinstance(part, list | tuple):
            return [walk(inner) for inner in part]
        if isinstance(part, int | float) and not isinstance(part, bool):
            return part if hide_text(repr(part), hidden) == repr(part) else MASK
        return part

    try:
        return walk(value) if hidden else value
    except (RecursionError, ValueError):
        # Nested deeper than Python can walk, or a number longer than Python writes: nobody can say what is in there.
        return MASK


# An error reply is read a few times, each time for the same key.
@lru_cache(maxsize=64)
def _pattern(secret: str, *, escaped: bool) -> re.Pattern[str]:
    """Compile what matches a secret; `escaped` says whether the text may hold escapes."""
    forms = [_escaped(secret)] if escaped else [re.escape(secret).replace(r"\ ", "[ +]")]
    return re.compile("|".join([*forms, *_base64_forms(secret)]), re.DOTALL)


def _escaped(secret: str) -> str:
    # Each repetition is bounded or gives nothing back: a hostile reply of backslashes takes linear time.
    parts: list[str] = []
    for run in re.findall(r"\\+|[^\\]", secret):
        if run[0] == "\\":
            # Escaped three times, one backslash is eight. The beginning is sought where a run begins, and only there.
            parts.append(("" if parts else r"(?<!\\)") + f"{_BACKSLASH}{{1,{8 * len(run)}}}+")
        else:
            # After the first character no backslash is needed: the ones before it may count as the secret's own.
            parts.append(_character(run, fewest=0 if parts else 1))
    # Text in UTF-16 that was read as bytes has a NUL at every other place.
    return r"\x00{0,3}".join(parts)


def _character(character: str, *, fewest: int) -> str:
    """Match a character in each of its spellings, the ones with a backslash after at least so many backslashes."""
    code = ord(character)
    wide = character.encode("utf-16-be", "surrogatepass").hex()
    plain = "[ +]" if character == " " else re.escape(character)
    after_backslash = [
        plain,
        r"\\{1,8}".join(f"u{_hex(wide[at : at + 4])}" for at in range(0, len(wide), 4)),
        rf"u\{{0{{0,6}}{_hex(f'{code:x}')}\}}",
        f"U{_hex(f'{code:08x}')}",
        *([f"x{_hex(f'{code:02x}')}"] if code <= MOST_IN_A_BYTE else []),
        *([_LETTERS[character]] if character in _LETTERS else []),
    ]
    in_entity = [
        f"#0{{0,6}}{code}",
        f"#[xX]0{{0,6}}{_hex(f'{code:x}')}",
        *([_ENTITIES[character]] if character in _ENTITIES else []),
    ]
    percent = "".join(f"%(?:25){{0,4}}{_hex(f'{byte:02x}')}" for byte in character.encode(errors="surrogatepass"))
    entity = f"&(?:amp;){{0,4}}(?:{'|'.join(in_entity)});?"
    # Two ways to match the same text would make the search exponential: the character itself stands in one of them.
    bare = f"{plain}|" if fewest else ""
    return rf"(?:{percent}|{entity}|{bare}\\{{{fewest},8}}(?:{'|'.join(after_backslash)}))"


def _hex(digits: str) -> str:
    """Match hexadecimal digits in either case: `6b` -> `6[bB]`."""
    return "".join(f"[{digit}{digit.upper()}]" if digit.isalpha() else digit for digit in digits)


def _base64_forms(secret: str) -> Iterator[str]:
    """Match a secret in the midst of base64: at each of three offsets, the characters that the secret alone decides."""
    content = secret.encode(errors="surrogatepass")
    for offset, mixed in ((0, 0), (1, 2), (2, 3)):
        whole = base64.b64encode(bytes(offset) + content).decode("ascii")
        core = whole[mixed : (offset + len(content)) * 8 // 6]
        if len(core) >= SHORTEST_BASE64:
            yield "".join(_BASE64_SIGNS.get(letter, letter) for letter in core)


def mask(value: Any, schema: Mapping[str, Any], types: Mapping[str, Any], *, secret: bool = False) -> Any:
    """Return the value with its secret parts masked."""
    parts = list(_parts(schema, types))
    if secret or any(part.get("secret") for part in parts):
        return MASK
    if isinstance(value, Mapping):
        return {key: _masked_field(key, inner, parts, types) for key, inner in value.items()}
    if isinstance(value, list):
        items = [part["items"] for part in parts if isinstance(part.get("items"), Mapping)]
        return [mask(inner, {"allOf": items}, types) for inner in value]
    return value


def secret_texts(value: Any, masked: Any) -> Iterator[str]:
    """Yield the texts that stand in a value where its masked twin has a mask."""
    if masked == MASK and value != MASK:
        yield from _texts(value)
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from secret_texts(inner, masked[key])
    elif isinstance(value, list):
        for inner, twin in zip(value, masked, strict=True):
            yield from secret_texts(inner, twin)


def _masked_field(key: str, value: Any, parts: list[Mapping[str, Any]], types: Mapping[str, Any]) -> Any:
    schemas = [part["properties"][key] for part in parts if key in part.get("properties", {})]
    if not schemas:
        schemas = [
            part["additionalProperties"] for part in parts if isinstance(part.get("additionalProperties"), Mapping)
        ]
    return mask(value, {"allOf": schemas}, types)


def _parts(schema: Any, types: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield a schema and all that it is made of, on the same level; a type that refers to itself is entered once."""
    pending, seen = [schema], set()
    while pending:
        part = pending.pop()
        if not isinstance(part, Mapping):
            continue
        yield part
        for keyword in ("allOf", "anyOf", "oneOf"):
            pending.extend(part.get(keyword, ()))
        name = type_name_of(part)
        if name and name not in seen:
            seen.add(name)
            pending.append(types.get(name))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str) and len(value) >= SHORTEST:
        yield value
    elif isinstance(value, Mapping | list):
        for inner in value.values() if isinstance(value, Mapping) else value:
            yield from _texts(inner)
