"""Names of the spec as Python identifiers. No name enters generated code in any other way.

A scope gives out identifiers, and reports two names that would become the same identifier, with both origins. Nothing
is renamed silently: only the spelling rules below change a name. This module must not know about files or tools.
"""

from __future__ import annotations

import builtins
import keyword
import re
from dataclasses import dataclass, field

_WORD = re.compile(r"[A-Za-z0-9]+")

# Names that generated modules use. A class of the same name would hide them; a key of the same name would hide them
# from the fields below.
MODULE_NAMES = frozenset(
    {
        "Any", "AsyncClient", "AsyncIterator", "AsyncIterators", "AsyncWaiters", "BinaryIO", "Client", "Iterator",
        "Iterators", "Literal", "NotRequired", "PathLike", "RequestArguments", "RequestOptions", "Required", "Self",
        "TYPE_CHECKING", "TypeAlias", "TypedDict", "Unpack", "Waiters", "annotations", "bool", "bytes", "dict", "float",
        "int", "list", "str", "tuple", "type",
    }
)  # fmt: skip
RESERVED_CLASSES = MODULE_NAMES | set(dir(builtins))

# Members of the runtime's clients, which a tool's method of the same name would replace; and built-in types, which
# such a method would hide from the annotations of its class.
CLIENT_MEMBERS = frozenset(
    {
        "account", "account_name", "accounts", "bool", "bytes", "call", "close", "dict", "float", "int", "iter", "list",
        "preview", "property", "registry", "registry_source", "sandbox", "str", "super", "tuple", "type", "wait",
    }
)  # fmt: skip


def is_identifier(name: str) -> bool:
    """Say whether Python accepts `name` unchanged as an attribute or an argument."""
    return name.isascii() and name.isidentifier() and not keyword.iskeyword(name)


def identifier(name: str) -> str:
    """Spell a name as a Python identifier: a keyword gets an underscore, other characters become underscores.

    `from` -> `from_`, `files[]` -> `files`, `2nd` -> `_2nd`.
    """
    if is_identifier(name):
        return name
    spelled = re.sub(r"[^A-Za-z0-9_]+", "_", name)
    if spelled != name:
        spelled = spelled.strip("_")
    if not spelled or spelled[0].isdigit():
        spelled = f"_{spelled}"
    return f"{spelled}_" if keyword.iskeyword(spelled) else spelled


def class_name(name: str) -> str:
    """Spell a name as a Python class: `create_phone_call` -> `CreatePhoneCall`, `None` -> `None_`."""
    parts = _WORD.findall(name)
    spelled = "".join(part[0].upper() + part[1:] for part in parts)
    if not spelled or spelled[0].isdigit():
        spelled = f"_{spelled}"
    return f"{spelled}_" if spelled in RESERVED_CLASSES or keyword.iskeyword(spelled) else spelled


@dataclass(slots=True)
class Scope:
    """The identifiers of one Python namespace, each with the thing that it stands for."""

    taken: dict[str, str] = field(default_factory=dict)

    def claim(self, spelled: str, origin: str) -> str | None:
        """Take an identifier for `origin`. Gives the origin that already has it; None if the identifier was free."""
        holder = self.taken.setdefault(spelled, origin)
        return None if holder == origin else holder

    def derive(self, spelled: str, origin: str) -> str:
        """Take an identifier for something without a name. A number is added if the identifier is taken."""
        candidate, count = spelled, 1
        while candidate in self.taken or candidate in RESERVED_CLASSES:
            count += 1
            candidate = f"{spelled}{count}"
        self.taken[candidate] = origin
        return candidate
