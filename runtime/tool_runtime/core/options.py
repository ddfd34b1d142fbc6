"""What a caller may set for one call besides its arguments: `request_options`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from os import PathLike
from typing import Any, TypedDict

from tool_runtime.errors import Fault
from tool_runtime.values.snapshots import snapshot
from tool_runtime.values.suggestions import nearest

# What frames a message and says where the message goes.
FRAMING_HEADERS = frozenset(
    {"host", "content-length", "transfer-encoding", "connection", "keep-alive", "te", "trailer", "upgrade", "expect"}
)
# Set by the runtime or by HTTP itself; a caller who changed them could send the call or its key elsewhere, have the
# content read in another way, or put another method in place of the tool's.
RESERVED_HEADERS = FRAMING_HEADERS | {
    *("authorization", "proxy-authorization", "proxy-connection", "cookie"),
    *("content-type", "content-encoding", "accept", "accept-encoding"),
    *("x-http-method", "x-http-method-override", "x-method-override"),
}
# A day: more is a mistake, and far more is a number that sockets cannot take.
LONGEST_TIMEOUT = 86_400
MOST_RETRIES = 100


class RequestOptions(TypedDict, total=False):
    """Options of one call.

    `timeout`: seconds that one attempt may go without progress (5 at most for connecting). `total`: seconds that one
    attempt may take in all; twice the timeout where absent. `retries`: attempts after the first. `extra_headers`,
    `extra_query`, `extra_body`: added to the request; they replace nothing that the tool declares. `validate`: False
    sends values that the spec does not know yet; names, path arguments and places are checked all the same.
    `idempotency_key`: makes repeats of a write count as one, by the API where the tool has such a field, else by the
    ledger. `again`: True says that an equal write of a moment ago is meant a second time. `stream`: True gives the
    answer piece by piece, as it comes. `to`: a path that the answer is written to; the result is that path.
    """

    timeout: float
    total: float
    retries: int
    extra_headers: Mapping[str, str]
    extra_query: Mapping[str, Any]
    extra_body: Mapping[str, Any]
    validate: bool
    idempotency_key: str
    again: bool
    stream: bool
    to: str | PathLike[str]


@dataclass(frozen=True, slots=True, eq=False)
class Options:
    """`RequestOptions`, checked. Times and `retries` are None where the caller left them to the tool."""

    timeout: float | None = None
    total: float | None = None
    retries: int | None = None
    extra_headers: Mapping[str, str] = field(default_factory=dict)
    extra_query: Mapping[str, Any] = field(default_factory=dict)
    extra_body: Mapping[str, Any] = field(default_factory=dict)
    validate: bool = True
    idempotency_key: str | None = None
    again: bool = False
    stream: bool = False
    to: str | PathLike[str] | None = None


DEFAULT_OPTIONS = Options()


def read_options(given: Any, *key_headers: str) -> tuple[Options, list[Fault]]:
    """Check `request_options`; faults carry paths that begin with `request_options`."""
    if given is None:
        return DEFAULT_OPTIONS, []
    if not isinstance(given, Mapping):
        return DEFAULT_OPTIONS, [Fault("request_options", "type", "expected an object")]
    faults: list[Fault] = []
    values: dict[str, Any] = {}
    for name, value in given.items():
        place = f"request_options.{name}"
        if name not in _PROBLEMS:
            faults.append(Fault(place, "unknown", "there is no such option", nearest(str(name), _PROBLEMS)))
            continue
        values[name] = snapshot(value, place, faults) if name.startswith("extra_") else value
        problem = _PROBLEMS[name](values[name])
        if problem is not None:
            faults.append(Fault(place, "type", problem))
        elif name == "extra_headers":
            problems = ((header, header_problem(header, text, *key_headers)) for header, text in values[name].items())
            faults.extend(Fault(f"{place}.{header}", "value", problem) for header, problem in problems if problem)
    return (DEFAULT_OPTIONS if faults else Options(**values)), faults


def seconds_problem(value: Any, longest: float = LONGEST_TIMEOUT) -> str | None:
    """Say why a value is no usable number of seconds above 0, or None."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= longest:
        return f"expected a number of seconds above 0, at most {longest:.0f}"
    return None


def count_problem(value: Any) -> str | None:
    """Say why a value is no usable count, or None."""
    is_count = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MOST_RETRIES
    return None if is_count else f"expected a whole number, 0 to {MOST_RETRIES}"


def key_problem(value: Any) -> str | None:
    """Say why a value is no idempotency key, or None. A blank key would be the same for every call."""
    return None if isinstance(value, str) and value.strip() else "expected text that is not blank"


def _flag_problem(value: Any) -> str | None:
    return None if isinstance(value, bool) else "expected true or false"


def _extra_problem(value: Any) -> str | None:
    return None if isinstance(value, dict) else "expected an object with string keys"


def _path_problem(value: Any) -> str | None:
    is_path = isinstance(value, str | PathLike) and bool(str(value)) and "\0" not in str(value)
    return None if is_path else "expected the path of a file"


_PROBLEMS: Mapping[str, Callable[[Any], str | None]] = {
    "timeout": seconds_problem,
    "total": seconds_problem,
    "retries": count_problem,
    "extra_headers": _extra_problem,
    "extra_query": _extra_problem,
    "extra_body": _extra_problem,
    "validate": _flag_problem,
    "idempotency_key": key_problem,
    "again": _flag_problem,
    "stream": _flag_problem,
    "to": _path_problem,
}


def header_problem(name: str, value: Any, *key_headers: str) -> str | None:
    """Say what makes a header unsendable, or None."""
    if name.lower() in RESERVED_HEADERS or name.lower() in map(str.lower, key_headers):
        return "is set by the runtime alone"
    if not name or not name.isascii() or not all(char.isalnum() or char in "!#$%&'*+-.^_`|~" for char in name):
        return "is no header name"
    if not isinstance(value, str) or not value.isascii() or not value.isprintable() or value != value.strip():
        return "expected printable ASCII text without line breaks or blanks at its ends"
    return None
