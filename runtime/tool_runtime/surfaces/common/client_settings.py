"""The settings of a client: which values each may have.

Owns the refusal of settings that no client can work with. A wrong one would otherwise show in the middle of a call, or
change the meaning of every call without a word: `force="no"` is true in Python. Must not know: accounts and keys
(`accounts` checks these), how a client is made.
"""

import inspect
import math
from collections.abc import Mapping
from os import PathLike
from typing import Any, get_args

from tool_runtime.core.flow import Repeats
from tool_runtime.core.options import read_options
from tool_runtime.core.registry import Registry
from tool_runtime.errors import ConfigurationError

_OF_LEDGERS = ("begin", "end", "deliver", "get", "find")
_OF_CLOCKS = ("monotonic", "wall", "sleep", "asleep")


def check_registry(registry: Any) -> Registry:
    """Return the registry. Raises `ConfigurationError` for anything else."""
    if not isinstance(registry, Registry):
        message = f"registry is what load_registry(path) returns, not {type(registry).__name__}"
        raise ConfigurationError(message)
    return registry


def check_settings(settings: Mapping[str, Any], http_client: Any, confirm: Any, *, awaits: bool) -> None:
    """Check what a client's calls go by; `awaits` is True for an asynchronous client. Raises `ConfigurationError`.

    Example: `{"force": "no"}` raises "force is True or False, not 'no'".
    """
    if settings["on_sandbox"] and http_client is not None:
        message = "sandbox and http_client exclude each other"
        raise ConfigurationError(message)
    _check_confirm(confirm, awaits=awaits)
    _check_ledger(settings["ledger"])
    if lacking := _lacking(settings["clock"], _OF_CLOCKS):
        message = f"clock is an object with {', '.join(_OF_CLOCKS)}; {type(settings['clock']).__name__} lacks {lacking}"
        raise ConfigurationError(message)
    for name in ("force", "delivers", "plain"):
        if not isinstance(settings[name], bool):
            message = f"{name} is True or False, not {settings[name]!r}"
            raise ConfigurationError(message)
    if settings["repeats"] not in get_args(Repeats):
        message = f"repeats is one of {', '.join(get_args(Repeats))}, not {settings['repeats']!r}"
        raise ConfigurationError(message)
    if not isinstance(settings["surface"], str) or not settings["surface"]:
        message = f"surface is the name of who calls, such as 'python', not {settings['surface']!r}"
        raise ConfigurationError(message)
    window = settings["repeat_window"]
    if isinstance(window, bool) or not isinstance(window, int | float) or not (0 <= window < math.inf):
        message = f"repeat_window is a number of seconds, 0 or more, not {window!r}"
        raise ConfigurationError(message)
    _check_limits({name: settings[name] for name in ("timeout", "total", "retries")})


def _check_confirm(confirm: Any, *, awaits: bool) -> None:
    if confirm is not None and not callable(confirm):
        message = f"confirm is a function that gets an Invocation, not {type(confirm).__name__}"
        raise ConfigurationError(message)
    if not awaits and _is_coroutine_function(confirm):
        message = "Client cannot await: confirm must be a plain function"
        raise ConfigurationError(message, hint="Give a plain function, or use the asynchronous client.")


def _check_ledger(ledger: Any) -> None:
    if ledger is None or not (isinstance(ledger, type) or _lacking(ledger, _OF_LEDGERS)):
        return
    given = f"the class {ledger.__name__}" if isinstance(ledger, type) else type(ledger).__name__
    path = str(ledger) if isinstance(ledger, str | PathLike) else "calls.sqlite3"
    message = f"ledger is a Ledger, not {given}"
    raise ConfigurationError(message, hint=f"For a ledger in a file: ledger=Ledger({path!r})")


def _check_limits(limits: Mapping[str, Any]) -> None:
    _, faults = read_options({name: value for name, value in limits.items() if value is not None}, "")
    if faults:
        message = "; ".join(str(fault).removeprefix("request_options.") for fault in faults)
        raise ConfigurationError(message)


def _lacking(given: Any, names: tuple[str, ...]) -> str:
    """Return which methods an object lacks: `_lacking("x", ("begin", "find"))` gives `begin`."""
    return ", ".join(name for name in names if not callable(getattr(given, name, None)))


def given_arguments(arguments: Any) -> Any:
    """Return the arguments of a call; none at all is an empty object."""
    return {} if arguments is None else arguments


def plain_answer(answer: Any) -> Any:
    """Refuse an awaitable: an answer that nobody waits for is no answer."""
    if inspect.isawaitable(answer):
        if inspect.iscoroutine(answer):
            answer.close()
        message = "confirm returned an awaitable, which a blocking client cannot wait for"
        raise ConfigurationError(message, hint="Give a plain function, or use the asynchronous client.")
    return answer


def _is_coroutine_function(confirm: Any) -> bool:
    return inspect.iscoroutinefunction(confirm) or inspect.iscoroutinefunction(getattr(confirm, "__call__", None))  # noqa: B004 - an object with an async __call__ is called just the same
