"""Records of the ledger as text: what a store writes down of an intent and an ending, and how long that may be.

Owns the JSON of the records, and the limits that keep a store small. Whatever a caller or an API sends can be written
down: texts with broken Unicode as escapes, values that are no JSON by the name of their type. Must not know: files and
databases.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from tool_runtime.core.ledger import OUTCOMES, UNKNOWN, Ending, Intent, fields_of
from tool_runtime.errors import Fault, InvalidArguments

# Bytes of JSON. A longer result is not kept: a repeat is then answered with the ids only.
LONGEST_RESULT: Final = 64 * 1024
# Characters. A longer text among arguments is a document or a file; its beginning says which one.
LONGEST_TEXT: Final = 4096
BEGINNING: Final = 200


def intent_text(intent: Intent) -> str:
    """Return an intent as the JSON that a store keeps; long texts among the arguments are cut.

    Raises `InvalidArguments` for what cannot be written down, such as a list that holds itself.
    """
    known = fields_of(intent)
    try:
        known["arguments"] = recordable(intent.arguments, LONGEST_TEXT)
        known["reconcile"] = recordable(intent.reconcile)
        return json.dumps(known)
    except (ValueError, TypeError, RecursionError) as error:
        fault = Fault("arguments", "value", f"cannot be written into the ledger: {error}")
        raise InvalidArguments(f"{intent.tool}: {fault}", tool=intent.tool, faults=(fault,)) from error


def intent_of(text: str) -> Intent:
    """Return the intent that `intent_text` wrote."""
    known = json.loads(text)
    return Intent(**known | {name: tuple(known[name]) for name in ("effects", "numbers")})


def recorded(ending: Ending) -> Ending:
    """Return an ending as a store keeps it: a known outcome, a bounded message, a result only where it is short JSON.

    Example: an `Ending("done", 5, result=b"RIFF…")` -> `Ending("done", 5, result=None, result_kept=False)`. Raises
    TypeError, ValueError or AttributeError for fields of other types than the ending's.
    """
    outcome = ending.outcome if ending.outcome in OUTCOMES else UNKNOWN
    message = None if ending.message is None else recordable(str(ending.message), LONGEST_TEXT)
    ids = {str(name): str(value) for name, value in ending.ids.items()}
    kept = ending.result_kept
    result = None
    try:
        text = json.dumps(ending.result)
        if kept and len(text) <= LONGEST_RESULT:
            result = json.loads(text)
        else:
            kept = False
    except (ValueError, TypeError, RecursionError, MemoryError):
        # The outcome is worth more than the result.
        kept = False
    known = replace(ending, outcome=outcome, message=message, ids=ids, result=result, result_kept=kept)
    return ending_of(ending_text(known))


def ending_text(ending: Ending) -> str:
    """Return a recorded ending as the JSON that a store keeps."""
    return json.dumps(fields_of(ending))


def ending_of(text: str) -> Ending:
    """Return the ending that `ending_text` wrote."""
    return Ending(**json.loads(text))


def recordable(value: Any, longest: int | None = None) -> Any:
    """Return a value as plain JSON; what is no JSON is named by type, and texts beyond `longest` characters are cut.

    Example: `{"file": b"RIFF", "to": ("a",)}` -> `{"file": "<bytes>", "to": ["a"]}`.
    """
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        text = str.__str__(value)
        if longest is None or len(text) <= longest:
            return text
        return f"{text[:BEGINNING]}… ({len(text)} characters)"
    if isinstance(value, Mapping):
        return {str(key): recordable(inner, longest) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [recordable(inner, longest) for inner in value]
    return f"<{type(value).__name__}>"
