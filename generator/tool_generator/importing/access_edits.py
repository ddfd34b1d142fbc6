"""Servers and keys of a spec during an import: which ones the document has, and what api.yaml and tools say of them.

A scheme of the document is the scheme of the spec whose key goes to the same place, whatever both are called. A tool
says its security and its server only where they are not those of api.yaml. This module must not know how files are
edited.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tool_generator.check.destinations import key_place_problem
from tool_generator.importing.yaml_text import Noted, plain
from tool_generator.model.documents import NO_SERVER
from tool_generator.openapi.naming import snake_case
from tool_runtime.core.tools import USUAL_SCHEME
from tool_runtime.core.urls import base_url_problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tool_generator.importing.editor import Report
    from tool_generator.model.documents import Operation, SecurityScheme, Upstream

_URL = re.compile(r"https?://[^\s?#{}@\\]+")
Alternatives = list[list[str]]


class Access:
    """What a spec says of servers and keys, with what the document adds to it.

    `server` and `auth` are the sections of api.yaml; None for a spec that has no file yet. `used` are the schemes that
    tools name.
    """

    def __init__(
        self,
        upstream: Upstream,
        server: Mapping[str, Any] | None,
        auth: Mapping[str, Any] | None,
        report: Report,
        used: Iterable[str] = (),
    ) -> None:
        self._upstream = upstream
        self._report = report
        self.others: dict[str, str] = dict((server or {}).get("others", {}))
        self.schemes: dict[str, dict[str, Any]] = {}
        self.use: Alternatives = []
        self._names: dict[str, str] = {}
        self._guess: dict[str, Any] = {}
        self._used = set(used)
        if auth is not None:
            is_one = "schemes" not in auth
            self.schemes = {USUAL_SCHEME: dict(auth)} if is_one else dict(auth["schemes"])
            self.use = [[USUAL_SCHEME]] if is_one else [list(together) for together in auth["use"]]
        else:
            self._start()
        self._before = (dict(self.others), dict(self.schemes), list(self.use))
        if auth is not None and upstream.security is not None:
            wanted = self._alternatives(upstream.security)
            self.use = self.use if _same(wanted, self.use) or (upstream.security and not wanted) else wanted

    def _start(self) -> None:
        """Take over what the document says of keys, for a spec that is new."""
        upstream = self._upstream
        own = Counter(upstream.security_of(operation) for operation in upstream.operations.values())
        usual = (
            upstream.security if upstream.security is not None else next(iter(own), None) and own.most_common(1)[0][0]
        )
        if usual is None and upstream.security is None and not any(own):
            usable = [name for name, scheme in upstream.security_schemes.items() if self._entry(scheme) is not None]
            if not usable:
                kinds = ", ".join(scheme.kind for scheme in upstream.security_schemes.values())
                told = f"authenticates by {kinds}, which tools do not" if kinds else "does not say how to authenticate"
                self._report.add("note", "", f"{told}: set auth in api.yaml")
                prefix = Noted("Bearer ", "review: upstream does not say")
                self._guess = {"in": "header", "name": "Authorization", "prefix": prefix}
                self.schemes, self.use = {USUAL_SCHEME: plain(self._guess)}, [[USUAL_SCHEME]]
                return
            usual = ((usable[0],),)
        self.use = self._alternatives(usual or ())

    def _entry(self, scheme: SecurityScheme) -> dict[str, Any] | None:
        """Give the entry of a scheme; None if its key has a place that no key may have."""
        if scheme.kind == "bearer":
            return {"in": "header", "name": "Authorization", "prefix": "Bearer "}
        if scheme.kind == "basic":
            return {"in": "header", "name": "Authorization", "basic": True}
        is_place = scheme.kind == "api_key" and scheme.place in ("header", "query", "cookie")
        if not is_place or key_place_problem(scheme.place, scheme.parameter):
            return None
        return {"in": scheme.place, "name": scheme.parameter}

    def _alternatives(self, given: tuple[tuple[str, ...], ...]) -> Alternatives:
        found: Alternatives = []
        for together in given:
            names = [self._scheme(name) for name in together]
            known = [name for name in names if name is not None]
            if len(known) == len(names) and known not in found:
                found.append(known)
        return found

    def _scheme(self, name: str) -> str | None:
        """Give the name that a scheme of the document has in the spec; the scheme is added if there is none."""
        if name in self._names:
            return self._names[name]
        entry = self._entry(self._upstream.security_schemes[name])
        if entry is None:
            self._report.add("note", "", f"the scheme {name} puts its key where no key may go; left out")
            return None
        same = (known for known, scheme in self.schemes.items() if _same_place(scheme, entry))
        spelled = next(same, "") or _free(re.sub(r"[^A-Za-z0-9_-]+", "_", name).strip("_-") or "key", self.schemes)
        self.schemes.setdefault(spelled, entry)
        self._names[name] = spelled
        return spelled

    def of_tool(self, operation: Operation) -> dict[str, Any]:
        """Give what a tool says of its server and its keys: `{"server": "upload", "security": []}`."""
        value: dict[str, Any] = {}
        url = self._upstream.server_of(operation)
        if url:
            name = self._server(url)
            if name:
                value["server"] = name
        given = self._upstream.security_of(operation)
        if given is not None:
            alternatives = self._alternatives(given)
            if given and not alternatives:
                self._report.add("note", operation.id, "no key of this operation can be given; it is called without")
            if not _same(alternatives, self.use):
                value["security"] = [] if alternatives == [[]] else alternatives
                self._used |= {name for together in alternatives for name in together}
        return value

    def _server(self, url: str) -> str:
        for name, known in self.others.items():
            if known.rstrip("/") == url:
                return name
        if is_unusable(url):
            self._report.add("note", "", f"the server {url} is none that a key may go to; the usual server is taken")
            return ""
        parts = urlsplit(url)
        first = (parts.hostname or "").split(".")[0]
        name = _free(snake_case(first), self.others)
        self.others[name] = url
        return name

    def sections(self) -> tuple[dict[str, str], dict[str, Any]]:
        """Give the further servers, and the section `auth`."""
        if self._guess and self.schemes == {USUAL_SCHEME: plain(self._guess)}:
            return self.others, self._guess
        needed = {name for together in self.use for name in together} | self._used
        schemes = {name: scheme for name, scheme in self.schemes.items() if name in needed}
        if len(schemes) == 1 and self.use == [list(schemes)]:
            return self.others, next(iter(schemes.values()))
        return self.others, {"schemes": schemes, "use": self.use}

    def changes(self) -> tuple[bool, bool]:
        """Say whether servers, and whether schemes, were added to a spec that was there before."""
        others, schemes, use = self._before
        return others != self.others, schemes != self.schemes or use != self.use

    def move_to(self, server: Mapping[str, Any]) -> str:
        """Give the base URL that the document has and the spec has not; an empty text if the spec's is among them."""
        known = [item.url.rstrip("/") for item in self._upstream.servers if not is_unusable(item.url)]
        return known[0] if known and server["base_url"].rstrip("/") not in known else ""


def is_unusable(url: str) -> bool:
    """Say whether a key may not go to a URL: because of its form, or because the URL has variables."""
    return not _URL.fullmatch(url) or base_url_problem(url) is not None


def _same_place(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    keys = ("in", "prefix", "basic")
    name = (one["name"].lower(), other["name"].lower()) if one["in"] == "header" else (one["name"], other["name"])
    return name[0] == name[1] and all((one.get(key) or "") == (other.get(key) or "") for key in keys)


def _same(one: Alternatives, other: Alternatives) -> bool:
    left, right = ({tuple(sorted(together)) for together in side} or {()} for side in (one, other))
    return left == right


def _free(name: str, taken: Mapping[str, Any]) -> str:
    candidate, count = name, 1
    while candidate in taken:
        count += 1
        candidate = f"{name}_{count}"
    return candidate


def base_url_of(upstream: Upstream, report: Report) -> Any:
    """Give the base URL of a document: the first server that a key may go to, else a guess for review."""
    for server in upstream.servers:
        if not is_unusable(server.url):
            url = server.url.rstrip("/")
            if server.variables:
                told = f"review: of {server.template}"
                return Noted(url, told if told.isprintable() else "review: made of a template")
            return url
    paths = (f"{NO_SERVER}{server.url}".rstrip("/") for server in upstream.servers if server.url.startswith("/"))
    url = next((url for url in paths if not is_unusable(url)), NO_SERVER)
    report.add("note", "", "names no server by a full URL: set server.base_url in api.yaml")
    return Noted(url, "review: upstream names no server")
