"""A project of an API with every kind of body and reply: types, pages and calls on the sandbox agree."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from click.testing import CliRunner

from tool_generator.cli import main

DOCUMENT = """
openapi: 3.1.0
info: {title: Shelf, version: "1"}
servers: [{url: "https://api.shelf.example/v1"}]
security: [{key: []}]
paths:
  /books:
    get:
      operationId: listBooks
      parameters:
        - {name: filter, in: query, style: deepObject, schema: {type: object, properties: {author: {type: string}}}}
        - {name: X-Trace, in: header, schema: {type: string}}
        - {name: session, in: cookie, schema: {type: string}}
      responses: &book
        "200": {description: "", content: {application/json: {schema: {$ref: "#/components/schemas/Book"}}}}
    post:
      operationId: createBook
      requestBody:
        required: true
        content: {application/x-www-form-urlencoded: {schema: {$ref: "#/components/schemas/Book"}}}
      responses: *book
  /books/{id}/cover:
    parameters: [{name: id, in: path, required: true, schema: {type: string}}]
    get:
      operationId: getCover
      responses: {"200": {description: "", content: {image/png: {}, image/jpeg: {}}}}
    put:
      operationId: putCover
      requestBody: {required: true, content: {image/png: {schema: {type: string, format: binary}}}}
      responses: {"204": {description: ""}}
    post:
      operationId: addPages
      requestBody:
        required: true
        content:
          multipart/form-data:
            schema:
              type: object
              required: [pages]
              properties: {pages: {type: array, items: {type: string, format: binary}}}
      responses: *book
  /books/{id}/text:
    parameters: [{name: id, in: path, required: true, schema: {type: string}}]
    get: {operationId: readText, responses: {"200": {description: "", content: {text/plain: {schema: {type: string}}}}}}
    put:
      operationId: writeText
      requestBody: {required: true, content: {text/plain: {schema: {type: string}}}}
      responses: *book
  /events:
    get: {operationId: streamEvents, responses: {"200": {description: "", content: {text/event-stream: {}}}}}
  /chat:
    post:
      operationId: chat
      requestBody: {content: {application/json: {schema: {type: object, properties: {stream: {type: boolean}}}}}}
      responses:
        "200":
          description: ""
          content: {application/json: {schema: {$ref: "#/components/schemas/Book"}}, text/event-stream: {}}
  /copy:
    post:
      operationId: copyFile
      requestBody: {content: {application/json: {schema: {type: object, properties: {to: {type: string}}}}}}
      responses: {"200": {description: "", content: {application/octet-stream: {}}}}
  /export:
    get: {operationId: exportAll, responses: {"302": {description: "", headers: {Location: {schema: {type: string}}}}}}
components:
  securitySchemes: {key: {type: http, scheme: bearer}}
  schemas:
    Book:
      type: object
      required: [title]
      properties: {title: {type: string}, tags: {type: array, items: {type: string}}}
"""
PROGRAM = """
import asyncio
from pathlib import Path

from shelf import AsyncClient, Client, Content, Event


def blocking() -> None:
    with Client(sandbox=True) as client:
        title: str = client.create_book(title="x", tags=["a"])["title"]
        client.list_books(filter={"author": title}, x_trace="t", session="s")
        client.put_cover(id="1", body=b"PNG")
        client.put_cover(id="1", body=("a.png", b"PNG"))
        client.write_text(id="1", body="hello")
        client.add_pages(id="1", pages=[b"1", Path(__file__)])
        text: str = client.read_text(id="1")
        cover: Content = client.get_cover(id="1")
        path: Path = client.get_cover(id="1", to="cover.png")
        with client.get_cover(id="1", stream=True) as pieces:
            assert b"".join(pieces) == cover == path.read_bytes()
        copied: Content = client.copy_file(to="elsewhere")
        events: list[Event] = list(client.stream_events())
        where: str = client.export_all()
        answered: str = client.chat(stream=False)["title"]
        print(text, cover.media_type, copied.media_type, len(events), where, answered)


async def awaiting() -> None:
    async with AsyncClient(sandbox=True) as client:
        cover: Content = await client.get_cover(id="1")
        path: Path = await client.get_cover(id="1", to="cover.png")
        async with await client.get_cover(id="1", stream=True) as pieces:
            assert b"".join([piece async for piece in pieces]) == cover == path.read_bytes()
        async for event in await client.stream_events():
            print(event.json())


blocking()
asyncio.run(awaiting())
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    folder = tmp_path_factory.mktemp("project")
    (folder / "shelf.yaml").write_text(DOCUMENT, encoding="utf-8")
    result = CliRunner().invoke(main, ["new", str(folder / "shelf"), "--from", str(folder / "shelf.yaml")])
    assert result.exit_code == 0, result.output
    (folder / "shelf" / "program.py").write_text(PROGRAM, encoding="utf-8")
    return folder / "shelf"


def ran(project, *arguments):
    environment = {**os.environ, "PYTHONPATH": str(project)}
    command = [sys.executable, *arguments]
    found = subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout + found.stderr
    return found.stdout


def test_a_program_gets_every_kind_of_reply_from_the_sandbox(project):
    lines = ran(project, "program.py").splitlines()
    assert "image/png application/octet-stream 3 https://" in lines[0]
    assert lines[1:] == ["{'number': 1}", "{'number': 2}", "{'number': 3}"]


def test_a_strict_type_checker_accepts_the_program_and_the_package(project):
    assert "Success" in ran(project, "-m", "mypy", "--strict", "--no-incremental", "program.py", "shelf")


@pytest.mark.parametrize(
    ("tool", "said"),
    [
        ("get_cover", "[bytes](../guides/replies.md) (`image/png` or `image/jpeg`), HTTP 200"),
        ("get_cover", "`to=path` writes them to a file"),
        ("copy_file", "[bytes](../guides/replies.md) (`application/octet-stream`), HTTP 200"),
        ("put_cover", "`body` (string or [file](../guides/uploads.md), **required**): The whole body, as `image/png`."),
        ("write_text", "`PUT /books/{id}/text (text/plain)`"),
        ("read_text", "[text](../guides/replies.md) (`text/plain`), HTTP 200"),
        ("list_books", "`x_trace` (string): Sent as the header `X-Trace`."),
        ("list_books", "`session` (string): Sent as the cookie `session`."),
        ("create_book", "`POST /books (form)`"),
        ("stream_events", "[server-sent events](../guides/replies.md), HTTP 200"),
        ("chat", "Where the API streams: [server-sent events](../guides/replies.md), as they come"),
        ("export_all", "[the address of a redirect](../guides/replies.md), HTTP 302"),
    ],
)
def test_a_page_says_what_goes_in_and_comes_out(project, tool, said):
    assert said in (project / "shelf" / "reference" / "tools" / f"{tool}.md").read_text(encoding="utf-8")


def test_an_argument_of_the_api_keeps_its_name_where_an_option_has_it_too(project):
    texts = [path.read_text(encoding="utf-8") for path in (project / "shelf" / "tools").glob("*.py")]
    assert (
        sum(
            "def copy_file(self, **arguments: Unpack[_a.CopyFileArguments]) -> runtime.Content:" in text
            for text in texts
        )
        == 1
    )


def test_scripts_in_lua_see_bytes_and_events_as_tables(project):
    text = (project / "shelf" / "shelf.lua").read_text(encoding="utf-8")
    assert "---@return { media_type: string, base64: string } result" in text
    assert "---@return { event: string, data: string, id?: string }[] result" in text
