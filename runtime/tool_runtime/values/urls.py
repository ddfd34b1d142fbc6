"""URLs: the one place that builds them.

An argument can never choose the host or leave its segment. The base URL is https (http only to the machine itself),
without userinfo, query or fragment, and without the version endings of older configurations. A path argument
becomes one percent-encoded segment. A raw path starts with exactly one slash and holds no scheme, host, query,
fragment, backslash, control character or dot segment, encoded or not. Everything here is pure text.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from tool_runtime.values.styles import SEGMENT_SAFE

RAW_SAFE = SEGMENT_SAFE + "/%"
MAX_ARGUMENT = 2048
_OCTET = r"(25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"
# A name such as 127.999.0.1 is no address: a resolver would be asked where the key goes.
_LOOPBACK = re.compile(rf"localhost|127(\.{_OCTET}){{3}}|::1")
_HOST = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9._-]*[A-Za-z0-9_.])?|[0-9A-Fa-f:.]+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_STRAY_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_SEPARATOR = re.compile(r"[/\\]")
_PLACEHOLDER = re.compile(r"\{\+?([^{}]+)\}")


def base_url_problem(url: Any) -> str | None:
    """Say why a base URL cannot be used, or None."""
    if not isinstance(url, str) or _CONTROL.search(url) or not url.isascii() or any(mark in url for mark in " \\?#"):
        return "holds characters that no base URL has"
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return "is no URL"
    if parts.scheme not in {"http", "https"} or not host or not _HOST.fullmatch(host):
        return "must be like https://host"
    if parts.username is not None or parts.password is not None:
        return "must not hold a user"
    if parts.scheme == "http" and not _LOOPBACK.fullmatch(host):
        return "must be https: plain http is for this machine only, since the key would travel readably"
    return path_problem(parts.path) if parts.path.strip("/") else None


def normalise_base_url(url: str, endings: Iterable[str]) -> str:
    """Return the API root: without trailing slashes and without a version ending of an older configuration."""
    root = url.rstrip("/")
    for ending in endings:
        if root.endswith(ending) and urlsplit(root).path.endswith(ending):
            return root.removesuffix(ending).rstrip("/")
    return root


def unquoted_fully(text: str) -> str:
    """Undo percent-encoding until nothing changes, as a careless proxy might."""
    while (plain := unquote(text, errors="replace")) != text:
        text = plain
    return text


def segment_problem(value: str) -> str | None:
    """Say why a value cannot be a path segment, or None."""
    if not value:
        return "must not be empty"
    if len(value) > MAX_ARGUMENT:
        return f"must not be longer than {MAX_ARGUMENT} characters"
    plain = unquoted_fully(value)
    # Something in between may decode %2F too: then `x/../../delete-agent/a` would leave the tool's path.
    if not {".", ".."}.isdisjoint(_SEPARATOR.split(plain)):
        return "must not be a dot segment, nor hold one between slashes"
    if _CONTROL.search(plain):
        return "must not hold control characters"
    return None


def path_problem(path: str) -> str | None:
    """Say why a raw path cannot be used, or None."""
    if not path.startswith("/"):
        return "must start with / and be relative to the API's base URL"
    if path.startswith("//"):
        return "must start with exactly one /"
    if len(path) > MAX_ARGUMENT:
        return f"must not be longer than {MAX_ARGUMENT} characters"
    plain = unquoted_fully(path)
    if "?" in path or "#" in path:
        return "must not hold ? or #; give the query as an argument of its own"
    if "\\" in plain or _CONTROL.search(plain) or plain.startswith("//"):
        return "must not hold backslashes, control characters or a second leading /"
    if any(segment in {".", ".."} for segment in plain.split("/")):
        return "must not hold dot segments"
    try:
        path.encode()
    except UnicodeEncodeError:
        return "is no valid text"
    return None


def expand_path(template: str, values: Mapping[str, str], raw: frozenset[str] = frozenset()) -> str:
    """Fill a path template with checked texts; names in `raw` are expanded as RFC 6570 `{+path}`.

    The texts of other names are encoded already (`styles.path_text`).
    """

    def fill(match: re.Match[str]) -> str:
        name = match[1]
        if name in raw:
            return quote(_STRAY_PERCENT.sub("%25", values[name]), safe=RAW_SAFE)
        return values[name]

    # A raw path brings the slash that the template's own would double.
    return _PLACEHOLDER.sub(fill, template.replace("/{+", "{+")) if "{" in template else template


def split_template(template: str) -> tuple[str, str]:
    """Part a template into its path and its own query; a fragment never goes out.

    `/files/{id}?beta=true#copy` -> `/files/{id}`, `beta=true`
    """
    path, _, query = template.partition("#")[0].partition("?")
    return path, query
