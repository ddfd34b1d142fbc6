"""The api.yaml of a folder that has none: identity, server and authentication as the document states them.

A document does not say the command, the distribution, or where error messages stand: these are guesses, marked for
review. This module must not know about tools.
"""

from __future__ import annotations

import keyword
import re
from typing import TYPE_CHECKING, Any

from tool_generator.check.destinations import key_place_problem
from tool_generator.importing.naming import snake_case
from tool_generator.importing.rendering import Noted, entry
from tool_runtime.core.urls import base_url_problem

if TYPE_CHECKING:
    from tool_generator.importing.editor import Report
    from tool_generator.model.documents import SecurityScheme, Upstream

_URL = re.compile(r"https?://[^\s?#{}@\\]+")


def api_file(upstream: Upstream, groups: list[str], report: Report) -> str:
    """Give the text of api.yaml."""
    title = " ".join(upstream.title.split()) or "API"
    if not title.isprintable():
        title = "API"
    name = snake_case(title)[:40].strip("_")
    if keyword.iskeyword(name) or name in ("tool_runtime", "tool_generator"):
        name += "_api"
    api: dict[str, Any] = {
        "name": name,
        "slug": name.replace("_", "-"),
        "title": title[:120],
        "version": "0.1.0",
        "summary": Noted(f"The operations of {title[:120]}.", "review: say what it is for"),
        "command": Noted(name.replace("_", "-"), "review: the command that users run"),
        "distribution": Noted(name.replace("_", "-"), "review: what pip installs"),
        "environment": name.upper(),
    }
    if upstream.documentation:
        api["documentation"] = upstream.documentation
    api["groups"] = groups
    sections = {
        "api": api,
        "server": {"base_url": _base_url(upstream, report)},
        "auth": _auth(upstream, report),
        "errors": {
            "message": Noted(
                ["message", "error.message", "detail", "title"], "review: where an error body has its message"
            )
        },
    }
    lines = ["# yaml-language-server: $schema=../spec.schema.json"]
    for key, value in sections.items():
        if key != "api":
            lines.append("")
        lines.append(f"{key}:")
        lines += [entry(inner, item, 2) for inner, item in value.items()]
    return "\n".join(lines) + "\n"


def _base_url(upstream: Upstream, report: Report) -> Any:
    for server in upstream.servers:
        if _URL.fullmatch(server.url) and base_url_problem(server.url) is None:
            url = server.url.rstrip("/")
            if server.variables:
                told = f"review: of {server.template}"
                return Noted(url, told if told.isprintable() else "review: made of a template")
            return url
    path = next((server.url for server in upstream.servers if re.fullmatch(r"/[\w./-]*", server.url)), "")
    report.add("note", "", "names no server by a full URL: set server.base_url in api.yaml")
    return Noted("https://api.example.invalid" + path.rstrip("/"), "review: upstream names no server")


def _auth(upstream: Upstream, report: Report) -> dict[str, Any]:
    schemes = upstream.security_schemes
    chosen: SecurityScheme | None = None
    if len(upstream.security) > 1:
        report.add("note", "", "knows several ways to authenticate; one is taken")
    for alternative in upstream.security:
        if len(alternative) > 1:
            report.add("note", "", f"wants {' and '.join(alternative)} together; a tool sends one key")
        chosen = chosen or next(
            (schemes[name] for name in alternative if name in schemes and _header(schemes[name])), None
        )
    chosen = chosen or next((scheme for scheme in schemes.values() if _header(scheme)), None)
    if chosen is None:
        kinds = ", ".join(scheme.kind for scheme in schemes.values())
        told = f"authenticates by {kinds}, which tools do not" if kinds else "does not say how to authenticate"
        report.add("note", "", f"{told}: set auth in api.yaml")
        return {"in": "header", "name": "Authorization", "prefix": Noted("Bearer ", "review: upstream does not say")}
    auth = _header(chosen) or {}
    if chosen.kind not in ("bearer", "api_key"):
        told = (
            "the key is base64 of user:password"
            if chosen.kind == "basic"
            else f"a token of {chosen.kind} is taken for the key"
        )
        report.add("note", "", f"authentication {chosen.name}: {told}")
    return auth


def _header(scheme: SecurityScheme) -> dict[str, Any] | None:
    if scheme.kind in ("bearer", "oauth2", "openIdConnect"):
        return {"in": "header", "name": "Authorization", "prefix": "Bearer "}
    if scheme.kind == "basic":
        return {
            "in": "header",
            "name": "Authorization",
            "prefix": Noted("Basic ", "review: the key is base64 of user:password"),
        }
    if (
        scheme.kind == "api_key"
        and scheme.place in ("header", "query")
        and not key_place_problem(scheme.place, scheme.parameter)
    ):
        return {"in": scheme.place, "name": scheme.parameter}
    return None
