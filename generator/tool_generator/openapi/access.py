"""Servers and security of a document: where calls go, and which keys authorise them.

A scheme that is no key and no login (mutual TLS, for one) is recorded with the document's word, and no alternative that
needs it is kept. This module must not know about operations or specs.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from tool_generator.model.documents import SecurityScheme, Server
from tool_generator.openapi.contents import text
from tool_generator.openapi.json_values import pointer
from tool_runtime.values.urls import base_url_problem

if TYPE_CHECKING:
    from tool_generator.openapi.pointers import Document

_VARIABLE = re.compile(r"\{([^{}]*)\}")
_TOKENS = ("oauth2", "openIdConnect")


def read_servers(raw: Any, place: str, document: Document) -> tuple[Server, ...]:
    """Read a list of servers.

    A variable without a default takes the first value that it may have, or the default that a server of the whole
    document has for the same name. Plain http is taken as https, except for this machine.

    Example: `https://{region}.x.example` with the default `eu` has the URL `https://eu.x.example`.
    """
    if raw is None:
        return ()
    found = []
    shared = _defaults_of(document.root.get("servers"))
    for index, item in enumerate(raw if isinstance(raw, list) else [raw]):
        at = f"{place}/{index}"
        template = item.get("url") if isinstance(item, dict) else None
        if not isinstance(template, str):
            document.malformed(at, "is a server without a url; left out")
            continue
        own = _defaults_of([item])
        variables = {name: value for name, value in (shared | own).items() if f"{{{name}}}" in template}
        url = _VARIABLE.sub(lambda match: variables.get(match[1], match[0]), template)  # noqa: B023 - used at once
        if variables.keys() - own.keys() or "{" in url:
            document.malformed(at, f"the server {template} has variables without a default")
        if url.startswith("http://") and base_url_problem(url) and base_url_problem(_secure(url)) is None:
            document.note(
                at, f"the server {url} is taken as {_secure(url)}: over plain http, keys would travel readably"
            )
            url = _secure(url)
        found.append(Server(url, template, variables))
    return tuple(found)


def _secure(url: str) -> str:
    return f"https://{url.removeprefix('http://')}"


def _defaults_of(servers: Any) -> dict[str, str]:
    """Give the values of the variables of servers: the default, else the first one that is listed."""
    found: dict[str, str] = {}
    for server in servers if isinstance(servers, list) else ():
        variables = server.get("variables") if isinstance(server, dict) else None
        for name, variable in variables.items() if isinstance(variables, dict) else ():
            if not isinstance(variable, dict):
                continue
            listed = variable.get("enum")
            value = variable.get("default", listed[0] if isinstance(listed, list) and listed else None)
            if isinstance(value, (str, int, float)):
                found.setdefault(name, str(value))
    return found


def read_security(raw: Any, place: str, document: Document) -> tuple[tuple[str, ...], ...] | None:
    """Read alternatives of schemes that apply together; None if the document says nothing here.

    Example: `[{"a": [], "b": []}, {}]` -> `(("a", "b"), ())`.
    """
    if raw is None:
        return None
    if not isinstance(raw, list):
        document.malformed(place, "is not a list; left out")
        return None
    schemes = schemes_of(document)
    found = []
    for index, item in enumerate(raw):
        if not isinstance(item, dict):
            document.malformed(f"{place}/{index}", "is not an object of schemes; left out")
            continue
        unknown = [name for name in item if name not in schemes]
        unusable = [name for name in item if name in schemes and not schemes[name].is_key]
        if unknown:
            document.malformed(f"{place}/{index}", f"names the scheme {unknown[0]!r}, which there is not; left out")
        elif unusable:
            told = f"needs the scheme {unusable[0]!r} ({schemes[unusable[0]].kind}), which tools do not have; left out"
            document.note(f"{place}/{index}", told)
        else:
            found.append(tuple(item))
    return tuple(dict.fromkeys(found)) if found or not raw else None


def schemes_of(document: Document) -> dict[str, SecurityScheme]:
    """Read the schemes of a document by name, once."""
    if document.schemes is None:
        document.schemes = _schemes(document)
    return document.schemes


def _schemes(document: Document) -> dict[str, SecurityScheme]:
    components = document.root.get("components")
    given = components.get("securitySchemes") if isinstance(components, dict) else None
    found = {}
    for name, value in given.items() if isinstance(given, dict) else ():
        raw, place = document.resolve(value, pointer("components", "securitySchemes", name))
        if not isinstance(raw, dict):
            document.malformed(place, "is not a security scheme; left out")
            continue
        kind = raw.get("type")
        if kind == "http":
            scheme = text(raw.get("scheme")).lower()
            found[name] = SecurityScheme(name, scheme if scheme in ("bearer", "basic") else f"http {scheme}")
        elif kind == "apiKey":
            found[name] = SecurityScheme(name, "api_key", text(raw.get("in")), text(raw.get("name")))
        else:
            found[name] = SecurityScheme(name, "bearer" if kind in _TOKENS else str(kind))
    return found
