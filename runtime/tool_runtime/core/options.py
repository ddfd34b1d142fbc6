"""What a caller may set for one call besides its arguments: `request_options`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypedDict

from tool_runtime.core.errors import Fault
from tool_runtime.core.suggestions import nearest
from tool_runtime.core.values import snapshot

# Set by the runtime or by HTTP itself; a caller who changed them could send the call or its key elsewhere.
RESERVED_HEADERS = frozenset({"host", "content-length", "transfer-encoding", "connection", "authorization", "cookie"})
# A day: more is a mistake, and far more is a number that sockets cannot take.
LONGEST_TIMEOUT = 86_400


class RequestOptions(TypedDict, total=False):
    """Options of one call.

    `timeout`: seconds that one attempt may go without progress (5 at most for connecting). `retries`: attempts after
    the first. `extra_headers`, `extra_query`, `extra_body`: added to the request as they are. `validate`: False sends
    values that the spec does not know yet; names, path arguments and places are checked all the same.
    """

    timeout: float
    retries: int
    extra_headers: Mapping[str, str]
    extra_query: Mapping[str, Any]
    extra_body: Mapping[str, Any]
    validate: bool


@dataclass(frozen=True, slots=True)
class Options:
    """`RequestOptions`, checked. `timeout` and `retries` are None where the caller left them to the tool."""

    timeout: float | None = None
    retries: int | None = None
    extra_headers: Mapping[str, str] = field(default_factory=dict)
    extra_query: Mapping[str, Any] = field(default_factory=dict)
    extra_body: Mapping[str, Any] = field(default_factory=dict)
    validate: bool = True


DEFAULT_OPTIONS = Options()


def read_options(given: Any, auth_header: str) -> tuple[Options, list[Fault]]:
    """Check `request_options`; faults carry paths that begin with `request_options`."""
    if given is None:
        return DEFAULT_OPTIONS, []
    if not isinstance(given, Mapping):
        return DEFAULT_OPTIONS, [Fault("request_options", "type", "expected an object")]
    faults: list[Fault] = []
    given = dict(given)
    for name, value in given.items():
        if name in _PROBLEMS:
            problem = _PROBLEMS[name](value)
            if problem is not None:
                faults.append(Fault(f"request_options.{name}", "type", problem))
            elif name == "extra_headers":
                headers = ((header, header_problem(header, text, auth_header)) for header, text in value.items())
                faults.extend(
                    Fault(f"request_options.extra_headers.{header}", "value", told) for header, told in headers if told
                )
            elif name in {"extra_query", "extra_body"}:
                given[name] = snapshot(value, f"request_options.{name}", faults)
        else:
            match = nearest(str(name), _PROBLEMS)
            faults.append(Fault(f"request_options.{name}", "unknown", "there is no such option", match))
    return (DEFAULT_OPTIONS if faults else Options(**given)), faults


def _timeout_problem(value: Any) -> str | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= LONGEST_TIMEOUT:
        return f"expected a number of seconds above 0, at most {LONGEST_TIMEOUT}"
    return None


def _retries_problem(value: Any) -> str | None:
    is_count = isinstance(value, int) and not isinstance(value, bool) and value >= 0
    return None if is_count else "expected a whole number, 0 or more"


def _validate_problem(value: Any) -> str | None:
    return None if isinstance(value, bool) else "expected true or false"


def _extra_problem(value: Any) -> str | None:
    is_object = isinstance(value, Mapping) and all(isinstance(key, str) for key in value)
    return None if is_object else "expected an object with string keys"


_PROBLEMS: Mapping[str, Callable[[Any], str | None]] = {
    "timeout": _timeout_problem,
    "retries": _retries_problem,
    "extra_headers": _extra_problem,
    "extra_query": _extra_problem,
    "extra_body": _extra_problem,
    "validate": _validate_problem,
}


def header_problem(name: str, value: Any, auth_header: str = "") -> str | None:
    """Say what makes a header unsendable, or None."""
    if name.lower() in RESERVED_HEADERS or name.lower() == auth_header.lower():
        return "is set by the runtime alone"
    if not name or not name.isascii() or not all(char.isalnum() or char in "!#$%&'*+-.^_`|~" for char in name):
        return "is no header name"
    if not isinstance(value, str) or not value.isascii() or not value.isprintable() or value != value.strip():
        return "expected printable ASCII text without line breaks or blanks at its ends"
    return None
