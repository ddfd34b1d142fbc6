"""What an account may be made of: names, keys and base URLs, whoever gives them.

Owns the checks of single values and the form in which two names are one. Must not know: where the values come from.
"""

import unicodedata
from typing import Any

from tool_runtime.errors import ConfigurationError
from tool_runtime.values.secrets import Secret, key_problem
from tool_runtime.values.urls import base_url_problem


def fold(name: str) -> str:
    """Return the form in which names that look alike are one: `Client-A`, whatever the dash, gives `client_a`."""
    plain = unicodedata.normalize("NFKC", name).casefold()
    return "".join("_" if unicodedata.category(char) in {"Pd", "Pc"} else char for char in plain)


def checked_name(name: Any) -> str:
    """Return the name of an account as a plain text. Raises `ConfigurationError` for what nobody would see or type."""
    if not isinstance(name, str):
        message = f"an account's name is a string, not {type(name).__name__}"
        raise ConfigurationError(message)
    text = str.__str__(name)
    if not text.strip():
        message = "an account's name is empty"
        raise ConfigurationError(message, hint="If the name comes from a variable, is that variable set?")
    if text != text.strip() or not text.isprintable():
        message = f"the account's name {text[:80]!r} holds white space around it or characters that cannot be printed"
        raise ConfigurationError(message, hint="Look for a line break or a space.")
    return text


def checked_key(key: Secret, place: str, *, basic: bool = False) -> Secret:
    """Return a key that fits into a header. Raises `ConfigurationError` that names the place and shows no key.

    `basic`: the key is a user and a password, which are encoded before they are sent.
    """
    problem = key_problem(key)
    if problem is None and not basic and not _fits_a_header(key):
        problem = "holds characters that no key has", "Look for a line break, a space or a letter that is not ASCII."
    if problem is not None:
        message = f"{place}: the API key {problem[0]}"
        raise ConfigurationError(message, hint=problem[1])
    return key


def _fits_a_header(key: Secret) -> bool:
    text = key.reveal()
    return text.isascii() and text.isprintable() and " " not in text


def checked_base_url(url: Any, place: str) -> str:
    """Return a base URL that calls may go to. Raises `ConfigurationError` that names the place."""
    text = str.__str__(url) if isinstance(url, str) else url
    if isinstance(text, str) and not text.strip():
        message = f"{place}: the base URL is empty"
        raise ConfigurationError(
            message, hint="If it comes from a variable, is that variable set? Unset means default."
        )
    problem = base_url_problem(text)
    if problem:
        message = f"{place}: the base URL {problem}"
        raise ConfigurationError(message)
    checked: str = text
    return checked
