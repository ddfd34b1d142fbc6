"""A document imported into a folder, and the requests that its tools send."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import httpx

from tool_generator.compare.drift import drift, shared_names
from tool_generator.generate import compile_spec
from tool_generator.importing.importer import import_upstream, write
from tool_generator.openapi import parse_upstream
from tool_runtime.surfaces.common.client import Client

HEAD = """
openapi: 3.0.3
info: {title: Shop, version: "1"}
servers: [{url: https://api.shop.example/v1}]
"""
KEY = """
security: [{key: []}]
components: {securitySchemes: {key: {type: http, scheme: bearer}}}
"""
DONE = "responses: {'200': {description: ok, content: {application/json: {schema: {type: object}}}}}"
GONE = "responses: {'204': {description: ok}}"
FORM = "application/x-www-form-urlencoded"
TEXTS = "{type: array, items: {type: string}}"


@dataclass
class Shop:
    """A document, imported into a folder; `seen` are the requests that its tools sent."""

    folder: Any
    text: str
    seen: list[httpx.Request] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.upstream = parse_upstream(self.text.encode())
        self.outcome = import_upstream(self.upstream, self.folder)
        write(self.outcome, self.folder)
        self.registry = compile_spec(self.folder).registry

    def settled(self) -> None:
        """A second import changes nothing, and a comparison finds nothing."""
        assert import_upstream(self.upstream, self.folder).files == {}
        found = drift(self.registry, self.upstream, shared_names(self.folder, self.registry))
        assert {item.name: item.changes for item in found.judgements if item.verdict != "same"} == {}
        assert not self.outcome.left

    def call(self, tool: str, arguments: Any = None, *, reply: httpx.Response | None = None, **options: Any) -> Any:
        def handle(request: httpx.Request) -> httpx.Response:
            self.seen.append(request)
            return reply or httpx.Response(200, json={"ok": True})

        request_options = options.pop("request_options", None)
        http_client = httpx.Client(transport=httpx.MockTransport(handle))
        client = Client(options.pop("api_key", "k1"), registry=self.registry, http_client=http_client, **options)
        return client.call(tool, arguments, request_options=request_options)

    @property
    def sent(self) -> httpx.Request:
        return self.seen[-1]


def body(media_type: str, schema: str, *, required: bool = True, more: str = "") -> str:
    """Write the body of an operation as YAML."""
    content = f"{{'{media_type}': {{schema: {schema}{more}}}}}"
    return f"requestBody: {{required: {str(required).lower()}, content: {content}}}"


def post(path: str, name: str, *parts: str, method: str = "post", responses: str = DONE) -> str:
    return f"'{path}': {{{method}: {{operationId: {name}, {', '.join([*parts, responses])}}}}}"


def query(name: str, schema: str, words: str = "") -> str:
    return f"{{name: {name}, in: query, schema: {schema}{words}}}"
