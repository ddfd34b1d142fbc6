"""Which headers, query parameters, paths and patterns a spec may name, so that a request goes where it seems to go.

The checks of a spec and the reader of documents use the same functions, so an import makes no spec that the checks
refuse. Each function takes a text and says what is wrong; an empty text means that nothing is wrong. This module must
not know specs or documents.
"""

from __future__ import annotations

import re
import warnings

from jsonschema_rs import Draft202012Validator

from tool_generator.problems import quoted
from tool_runtime.values.urls import path_problem

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_QUERY_NAME = re.compile(r"[0-9A-Za-z_.~\[\]-]+")
_PLACEHOLDER = re.compile(r"\{\+?[^{}]*\}")
_STRAY_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
# Headers that connections, proxies and the runtime set.
_RUNTIME_HEADERS = frozenset(
    {
        "accept-encoding", "authorization", "connection", "content-encoding", "content-length", "content-type",
        "cookie", "expect", "host", "keep-alive", "proxy-authorization", "proxy-connection", "set-cookie", "te",
        "trailer", "transfer-encoding", "upgrade",
    }
)  # fmt: skip
# Headers that make a server or a proxy use another method, host or path than those of the request.
_REROUTING_HEADERS = frozenset(
    {
        "forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-port", "x-forwarded-proto",
        "x-forwarded-server", "x-host", "x-http-host-override", "x-http-method", "x-http-method-override",
        "x-method-override", "x-original-host", "x-original-url", "x-rewrite-url",
    }
)  # fmt: skip


def header_problem(name: str) -> str:
    """Say why a spec may not name a header; empty if it may: `Host` -> `"Host" belongs to the runtime`."""
    if not _TOKEN.fullmatch(name):
        return f"{quoted(name)} is no header's name: use letters, digits and -"
    if name.lower() in _RUNTIME_HEADERS:
        return f"{quoted(name)} belongs to the runtime: choose another one"
    if name.lower() in _REROUTING_HEADERS:
        return f"{quoted(name)} lets a request be another one than it seems: choose another one"
    return ""


def query_name_problem(name: str) -> str:
    """Say why a spec may not name a query parameter; empty if it may: `a&b` -> `"a&b" is no name …`."""
    if _QUERY_NAME.fullmatch(name):
        return ""
    return f"{quoted(name)} is no name of a query parameter: use letters, digits, _ and -"


def key_place_problem(place: str, name: str) -> str:
    """Say why a header or query parameter of this name may not carry the key; empty if it may."""
    if place == "query":
        return query_name_problem(name)
    if place == "cookie":
        return "" if _TOKEN.fullmatch(name) else f"{quoted(name)} is no cookie's name: use letters, digits and -"
    problem = "" if name.lower() == "authorization" else header_problem(name)
    return f"{problem}; Authorization is the usual one" if problem else ""


def template_problem(template: str) -> str:
    """Say why a path template is not what it seems; empty if all is well: `/a/../b` -> `must not hold …`."""
    # The value of a raw path begins with a slash.
    path = _PLACEHOLDER.sub("x", template.replace("/{+", "{+").replace("{+", "/{+"))
    problem = path_problem(path)
    if problem is None and (_STRAY_PERCENT.search(path) or not path.isascii() or not path.isprintable()):
        problem = "must be printable ASCII, with % only before two hexadecimal digits"
    return problem or ""


def pattern_problem(pattern: str) -> str:
    """Say why a pattern cannot be used; empty if it can: `(` -> `is not a regular expression: …`."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", FutureWarning)
            re.compile(pattern)
    except (re.error, FutureWarning, OverflowError, RecursionError) as error:
        return f"is not a regular expression: {error}"
    try:
        Draft202012Validator({"pattern": pattern})
    except ValueError:
        return "is read by Python alone: write it with what JSON Schema's patterns know"
    return ""
