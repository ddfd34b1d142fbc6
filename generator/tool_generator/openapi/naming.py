"""Names of tools, groups, types and titles, made from upstream's names by fixed rules.

`getMCPTools` becomes get_mcp_tools, `createHTTPProxy` becomes create_http_proxy, `GET /pets/{id}` becomes get_pets_id.
Names of types lose the words that only say in which direction a schema goes (Request, Response, Params, …). This
module must not know about documents or files.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

_WORDS = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z0-9]+|[A-Z0-9]+")
_PLURAL_END = re.compile(r"[A-Z]{2,}s(?![a-z])")
# Words that say in which direction a schema goes, and not what the schema is.
_TRAVEL = {"request", "response", "params", "param", "input", "output", "dto", "payload", "body", "req", "res", "model"}
_LONGEST = 80
_ACTIONS = {"create", "update", "patch", "put", "add", "get", "list", "upsert", "retrieve"}


def words(name: str) -> list[str]:
    """Split a name into words as written: `getMCPTools` -> get, MCP, Tools; `URLs` stays one word."""
    found: list[str] = []
    for part in re.findall(r"[A-Za-z0-9]+", name):
        position = 0
        for match in _PLURAL_END.finditer(part):
            found += _WORDS.findall(part[position : match.start()])
            found += [*_WORDS.findall(match[0][:-1])[:-1], (_WORDS.findall(match[0][:-1]) or [""])[-1] + "s"]
            position = match.end()
        found += _WORDS.findall(part[position:])
    return [word for word in found if word]


def snake_case(name: str) -> str:
    """Spell a name in lower case with underscores and a letter in front: `getMCPTools` -> `get_mcp_tools`."""
    parts = [word.lower() for word in words(name)]
    if not parts:
        return "operation"
    if not parts[0][0].isalpha():
        parts[0] = f"n{parts[0]}"
    return cut(parts, _LONGEST)


def cut(parts: list[str], most: int) -> str:
    """Join words with underscores, in no more than `most` characters: the first words and the last ones stay.

    Example: `["patch", "shops", "rules", "rule", "fee"]` and 15 give `patch_shops_fee`.
    """
    whole = "_".join(parts)
    if len(whole) <= most:
        return whole
    head: list[str] = []
    tail: list[str] = []
    left = list(parts)
    while left:
        side, word = (tail, left[-1]) if len("_".join(tail)) < len("_".join(head)) else (head, left[0])
        if len("_".join([*head, word, *tail])) > most:
            break
        if side is head:
            head.append(left.pop(0))
        else:
            tail.insert(0, left.pop())
    return "_".join([*head, *tail]) or whole[:most].strip("_")


def camel_case(name: str) -> str:
    """Spell a name as a type, abbreviations unchanged: `mcp_tool list` -> `McpToolList`."""
    spelled = "".join(word[:1].upper() + word[1:] for word in words(name))
    if not spelled:
        return "Type"
    return spelled if not spelled[0].isdigit() else f"Type{spelled}"


def type_name(name: str, known: Collection[str] = ()) -> str:
    """Give the clean name of a schema, without words of direction, repeats, and words that generators make up.

    `known` are the names of the other schemas: `AgentResponseConfig` beside `AgentResponse` loses the word Response
    too. Example: `PetResponse` -> `Pet`.
    """
    parts = words(name)
    for length in range(len(parts) - 1, 0, -1):
        head = "".join(parts[:length])
        if head in known and parts[length - 1].lower() in _TRAVEL and length > 1:
            parts = [*parts[: length - 1], *parts[length:]]
            break
    while len(parts) > 1 and parts[-1].lower() in _TRAVEL:
        parts.pop()
    kept = [word for word in parts if word.lower() not in ("params", "dto")] or parts
    return camel_case(" ".join(_unrepeated(_without_artefacts(kept))))


def core_name(name: str) -> str:
    """Give the name of a schema without words of direction and action; equivalent schemas have the same core name.

    Example: `UpdateAgentRequest` -> `agent`.
    """
    parts = [word.lower() for word in words(name)]
    kept = [word for word in parts if word not in _TRAVEL and word not in _ACTIONS]
    return "".join(_unrepeated(kept or parts))


def body_name(name: str) -> str:
    """Give the name of a type that serves as a body only: `CreateAgentRequest` -> `AgentInput`."""
    parts = words(type_name(name))
    while len(parts) > 1 and parts[0].lower() in _ACTIONS:
        parts.pop(0)
    return camel_case(" ".join(parts)) + "Input"


def last_word(name: str) -> str:
    """Give the word that says what a schema is, in lower case: `AgentResponse` -> `agent`."""
    parts = [word.lower() for word in _without_artefacts(words(name))]
    kept = [word for word in parts if word not in _TRAVEL and word not in _ACTIONS] or parts
    return kept[-1] if kept else ""


def _without_artefacts(parts: list[str]) -> list[str]:
    """Drop the words that generators make up for the members of unions."""
    kept = [
        word
        for index, word in enumerate(parts)
        if not (word == "Union" and re.fullmatch(r"Member\d*", "".join(parts[index + 1 : index + 2])))
        and not (re.fullmatch(r"Member\d*", word) and parts[index - 1 : index] == ["Union"])
    ]
    return kept or parts


def _unrepeated(parts: list[str]) -> list[str]:
    """Drop a run of words that repeats the run before: Response Engine Response Engine -> Response Engine."""
    index = 0
    while index < len(parts):
        for length in range((len(parts) - index) // 2, 0, -1):
            if parts[index : index + length] == parts[index + length : index + 2 * length]:
                del parts[index + length : index + 2 * length]
                break
        else:
            index += 1
    return parts


def sentence(name: str) -> str:
    """Make a sentence from the name of a tool: `create_phone_call` -> "Create phone call", with a full stop."""
    spelled = name.replace("_", " ").strip()
    return spelled[:1].upper() + spelled[1:] + "."


def title(name: str) -> str:
    """Make a title from the name of a group: `phone_numbers` -> `Phone Numbers`."""
    return " ".join(word[:1].upper() + word[1:] for word in name.split("_"))


def plural(word: str) -> str:
    """Give the plural of an English noun, good enough for the name of a group: `policy` -> `policies`."""
    if word.endswith("s"):
        return word
    if re.search(r"[^aeiou]y$", word):
        return word[:-1] + "ies"
    return word + ("es" if re.search(r"(x|z|ch|sh)$", word) else "s")


def singular(word: str) -> str:
    """Undo `plural`."""
    if word.endswith("ies") and len(word) > 4:  # noqa: PLR2004 - "ties" is no plural of "ty"
        return word[:-3] + "y"
    if re.search(r"(x|z|ch|sh|ss)es$", word):
        return word[:-2]
    return word[:-1] if word.endswith("s") and not word.endswith(("ss", "us", "is")) else word
