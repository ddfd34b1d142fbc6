"""What a user of the sandbox hands in: settings and records, checked before anything is kept.

Owns the mistakes that can be made with the handles of a `Sandbox`, and how each is answered: a `ConfigurationError`
that names the place, what is wrong, and the nearest right thing. Must not know requests, failures or the store.
"""

import math
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, Final

from tool_runtime.core.resources import Resource
from tool_runtime.errors import ConfigurationError, Fault
from tool_runtime.sandbox.addresses import host_of
from tool_runtime.values.snapshots import snapshot, type_name
from tool_runtime.values.suggestions import nearest, nearly
from tool_runtime.values.templates import lookup
from tool_runtime.values.validation import Validator

_LONGEST_LATENCY: Final = 86_400
_MOST_SHOWN: Final = 3


def is_number(value: Any, least: float, most: float) -> bool:
    """Say whether a value is a finite int or float within the bounds; a bool is none."""
    return (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and (isinstance(value, int) or math.isfinite(value))
        and least <= value <= most
    )


def plain_object(value: Any, place: str) -> dict[str, Any]:
    """Return an own copy of a mapping, of plain JSON throughout.

    Example: `{"day": date(2026, 3, 1)}` gives `{"day": "2026-03-01"}`. `place` names the mapping in messages. Raises
    `ConfigurationError` that names what JSON cannot hold.
    """
    faults: list[Fault] = []
    copy = snapshot(value, place, faults)
    if faults:
        raise ConfigurationError("; ".join(f"{fault.path} {fault.message}" for fault in faults[:_MOST_SHOWN]))
    if not isinstance(copy, dict):
        message = f"{place} is an object, not {type_name(value)}"
        raise ConfigurationError(message)
    return copy


def check_settings(examples: Any, api_keys: Any, start: Any, latency: Any) -> None:
    """Raise `ConfigurationError` for settings of a sandbox that make no sense; each is described at `Sandbox`."""
    if not isinstance(examples, bool):
        message = f"examples is True or False, not {type(examples).__name__}"
        raise ConfigurationError(message)
    if api_keys is not None:
        _check_keys(api_keys)
    if not isinstance(start, datetime):
        message = f"start is a datetime, not {type(start).__name__}"
        raise ConfigurationError(message, hint="Such as datetime(2026, 1, 1, tzinfo=UTC).")
    if not is_number(latency, 0, _LONGEST_LATENCY):
        message = f"latency is a number of seconds from 0 to {_LONGEST_LATENCY}"
        raise ConfigurationError(message)


def _check_keys(api_keys: Any) -> None:
    # No message shows what was given: these are keys.
    hint = 'Such as {"key_1"}.'
    if isinstance(api_keys, str | bytes) or not isinstance(api_keys, Collection):
        message = f"api_keys is a collection of keys, not {type(api_keys).__name__}"
        raise ConfigurationError(message, hint=hint)
    if not all(isinstance(key, str) and key.strip() for key in api_keys):
        message = "api_keys holds what is no key: each is a text that is not empty"
        raise ConfigurationError(message, hint=hint)


def check_resource(name: Any, resources: Mapping[str, Resource]) -> None:
    """Raise `ConfigurationError` with the nearest name where there is no resource of this name."""
    if not isinstance(name, str) or name not in resources:
        near = nearest(name, resources) if isinstance(name, str) else None
        message = f"there is no resource named {name!r:.80}"
        hint = f"Did you mean {near}?" if near else f"There are {', '.join(resources)}."
        raise ConfigurationError(message, hint=hint)


def check_record(resource: Resource, record: Mapping[str, Any], fields: Collection[str]) -> None:
    """Raise `ConfigurationError` for a record without its id, and for a field that is nearly one of `fields`.

    `fields` are the names that the resource's type declares; a field that resembles none of them passes.
    """
    path = resource.id_field
    if path is not None:
        given = lookup(record, path)
        if isinstance(given, bool) or not isinstance(given, str | int) or given == "":
            message = f"a record of {resource.name} needs {path}, a text or a number that names the record"
            raise ConfigurationError(message)
    for name in record:
        near = nearly(name, fields) if name not in fields else None
        if near is not None:
            message = f"a record of {resource.name} has no field {name:.80}"
            raise ConfigurationError(message, hint=f"Did you mean {near}?")


def check_values(resource: str, value: Any, schema: Mapping[str, Any], validator: Validator) -> None:
    """Refuse a record, completed by its type, with a value that the type does not allow."""
    if not validator.accepts(schema, value):
        _, faults = validator.check(schema, value, resource)
        message = "; ".join(str(fault) for fault in faults[:3]) or f"this is no {resource}"
        raise ConfigurationError(message)


def check_address(name: str, value: Any) -> None:
    """Refuse what is no address of HTTP; None is none."""
    if value is None or (isinstance(value, str) and value.startswith(("http://", "https://")) and host_of(value)):
        return
    message = f"{name} is an address such as http://127.0.0.1:8000/webhook, not {value!r:.80}"
    raise ConfigurationError(message)


def check_choice(name: str, value: Any, choices: Collection[str]) -> None:
    """Raise `ConfigurationError` with the nearest name for what is none of the choices."""
    if not isinstance(value, str) or value not in choices:
        near = nearest(value, choices) if isinstance(value, str) else None
        message = f"{name} is one of {', '.join(choices) or 'none'}, not {value!r:.80}"
        raise ConfigurationError(message, hint=f"Did you mean {near}?" if near else None)


def check_given(name: str, given: Mapping[str, Any], fields: Mapping[str, Any]) -> None:
    """Raise `ConfigurationError` for fields that are missing, unknown, or no text where a text is wanted.

    `fields` maps names to schemas of one type; a field with `required: true` must be there.
    """
    for field in given:
        if field not in fields:
            near = nearest(field, fields)
            message = f"{name} takes no {field:.80}"
            raise ConfigurationError(message, hint=f"Did you mean {near}?" if near else None)
    for field, schema in fields.items():
        if field not in given:
            if schema.get("required"):
                message = f"{name} needs {field}"
                raise ConfigurationError(message)
            continue
        value, allowed = given[field], schema.get("enum")
        if schema.get("type") == "string" and not isinstance(value, str):
            message = f"{field} of {name} is a text, not {type_name(value)}"
            raise ConfigurationError(message)
        if allowed is not None and value not in allowed:
            message = f"{field} of {name} is one of {', '.join(map(str, allowed))}, not {value!r:.80}"
            raise ConfigurationError(message)
