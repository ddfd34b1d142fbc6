"""What a caller may set for one call besides its arguments: `request_options`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypedDict

from tool_runtime.errors import Fault
from tool_runtime.names import nearest

# Set by the runtime or by HTTP itself; a caller who changed them could send the call or its key elsewhere.
RESERVED_HEADERS = frozenset({"host", "content-length", "transfer-encoding", "connection", "authorization", "cookie"})


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

    def fault(name: str, message: str, code: str = "type") -> None:
        faults.append(Fault(f"request_options.{name}", code, message))

    for name, value in given.items():
        if name == "timeout":
            if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
                fault(name, "expected a number of seconds above 0")
        elif name == "retries":
            if isinstance(value, bool) or not isinstance(value, int) or value < 0:
                fault(name, "expected a whole number, 0 or more")
        elif name == "validate":
            if not isinstance(value, bool):
                fault(name, "expected true or false")
        elif name in {"extra_headers", "extra_query", "extra_body"}:
            if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
                fault(name, "expected an object with string keys")
            elif name == "extra_headers":
                for header, content in value.items():
                    if (problem := header_problem(header, content, auth_header)) is not None:
                        fault(f"extra_headers.{header}", problem, "value")
        else:
            match = nearest(str(name), RequestOptions.__annotations__)
            faults.append(Fault(f"request_options.{name}", "unknown", "there is no such option", match))
    return (DEFAULT_OPTIONS if faults else Options(**given)), faults


def header_problem(name: str, value: Any, auth_header: str = "") -> str | None:
    """Say what makes a header unsendable, or None."""
    if name.lower() in RESERVED_HEADERS or name.lower() == auth_header.lower():
        return "is set by the runtime alone"
    if not name or not name.isascii() or not all(char.isalnum() or char in "!#$%&'*+-.^_`|~" for char in name):
        return "is no header name"
    if not isinstance(value, str) or not value.isascii() or not value.isprintable():
        return "expected printable ASCII text without line breaks"
    return None
