"""From a document to the bytes of a request: what documents need, tools send, and a second import changes nothing."""

from __future__ import annotations

import httpx
import pytest
import yaml
from imported_shop import FORM, GONE, HEAD, TEXTS, Shop, body, post, query

from tool_runtime.errors import InvalidArguments, OutcomeUnknown
from tool_runtime.values.media import Content, as_json

ORDER = (
    "{type: object, required: [amount], properties: {amount: {type: integer}, tags: " + TEXTS + ", "
    "notes: {type: object, additionalProperties: {type: string}}, "
    "lines: {type: array, items: {type: object, properties: {sku: {type: string}}}}}}"
)


def test_a_form_writes_lists_as_repeats_and_objects_in_brackets(shop):
    made = shop(post("/orders", "createOrder", body(FORM, ORDER)))
    made.call("create_order", {"amount": 5, "tags": ["a", "b"], "notes": {"k": "v w"}, "lines": [{"sku": "s"}]})
    assert made.sent.headers["content-type"] == FORM
    assert made.sent.content == b"amount=5&tags=a&tags=b&notes[k]=v%20w&lines[0][sku]=s"


def test_a_form_follows_the_styles_that_the_document_states(shop):
    styles = ", encoding: {tags: {style: form, explode: false}, notes: {style: deepObject, explode: true}}"
    made = shop(post("/orders", "createOrder", body(FORM, ORDER, more=styles)))
    made.call("create_order", {"amount": 1, "tags": ["a", "b"], "notes": {"k": "v"}})
    assert made.sent.content == b"amount=1&tags=a,b&notes[k]=v"


@pytest.mark.parametrize(
    ("media_type", "given", "sent", "content_type"),
    [
        ("application/octet-stream", b"\x00\x01", b"\x00\x01", "application/octet-stream"),
        ("image/jpeg", b"\xff", b"\xff", "image/jpeg"),
        ("text/plain", "hé", "hé".encode(), "text/plain"),
        ("application/xml", "<a/>", b"<a/>", "application/xml"),
        ("*/*", ("x.pdf", b"%PDF"), b"%PDF", "application/pdf"),
        ("text/csv", {"filename": "a.csv", "text": "a,b"}, b"a,b", "text/csv"),
    ],
)
def test_a_body_that_is_no_json_goes_out_as_it_is_with_its_media_type(shop, media_type, given, sent, content_type):
    schema = "{type: string, format: binary}"
    made = shop(post("/raw", "putRaw", body(media_type, schema), method="put", responses=GONE))
    assert made.call("put_raw", {"body": given}, reply=httpx.Response(204)) is None
    assert (made.sent.content, made.sent.headers["content-type"]) == (sent, content_type)


@pytest.mark.parametrize("media_type", ["application/merge-patch+json", "application/vnd.shop+json", "text/json"])
def test_each_media_type_of_json_is_sent_as_itself(shop, media_type):
    schema = "{type: object, properties: {a: {type: string}}}"
    made = shop(post("/x", "patchX", body(media_type, schema), method="patch", responses=GONE))
    made.call("patch_x", {"a": "1"}, reply=httpx.Response(204))
    assert (made.sent.content, made.sent.headers["content-type"]) == (b'{"a":"1"}', media_type)


def test_json_goes_out_unless_a_file_asks_for_multipart(shop):
    content = (
        "requestBody: {required: true, content: {application/json: {schema: {type: object, properties: "
        "{text: {type: string}}}}, multipart/form-data: {schema: {type: object, properties: "
        "{text: {type: string}, scan: {type: string, format: binary}}}}}}"
    )
    made = shop(post("/notes", "createNote", content))
    made.call("create_note", {"text": "x"})
    assert made.sent.content == b'{"text":"x"}'
    made.call("create_note", {"text": "x", "scan": ("a.txt", b"hi")})
    assert made.sent.headers["content-type"].startswith("multipart/form-data")
    assert b'name="scan"; filename="a.txt"' in made.sent.content


def test_multipart_has_a_part_for_each_item_and_the_content_types_of_the_document(shop):
    schema = (
        "{type: object, required: [scan], properties: {tags: " + TEXTS + ", about: {type: object, properties: "
        "{name: {type: string}}}, sdp: {type: string}, scan: {type: string, format: binary}}}"
    )
    encoding = ", encoding: {sdp: {contentType: application/sdp}, scan: {contentType: image/png}}"
    made = shop(post("/scans", "upload", body("multipart/form-data", schema, more=encoding)))
    made.call("upload", {"tags": ["a", "b"], "about": {"name": "n"}, "sdp": "v=0", "scan": b"PNG"})
    text = made.sent.content.decode()
    assert text.count('name="tags"') == 2
    assert 'name="about"\r\nContent-Type: application/json\r\n\r\n{"name":"n"}' in text
    assert 'name="sdp"\r\nContent-Type: application/sdp\r\n\r\nv=0' in text
    assert 'name="scan"; filename="scan"\r\nContent-Type: image/png\r\n\r\nPNG' in text


def test_a_get_and_a_delete_send_the_body_that_the_document_gives_them(shop):
    schema = "{type: object, properties: {q: {type: string}}}"
    made = shop(post("/find", "find", body("application/json", schema), method="get"))
    made.call("find", {"q": "x"})
    assert (made.sent.method, made.sent.content) == ("GET", b'{"q":"x"}')


def test_a_body_that_may_be_left_out_is_whole_or_not_there(shop):
    schema = "{type: object, required: [q], properties: {q: {type: string}, most: {type: integer}}}"
    made = shop(post("/find", "find", body("application/json", schema, required=False)))
    made.call("find")
    assert made.sent.content == b""
    assert "content-type" not in made.sent.headers
    made.call("find", {"q": "x"})
    assert made.sent.content == b'{"q":"x"}'
    with pytest.raises(InvalidArguments, match="q: is required beside most"):
        made.call("find", {"most": 1})


def test_alternatives_of_what_is_required_become_a_rule(shop):
    schema = (
        "{type: object, properties: {a: {type: string}, b: {type: string}}, anyOf: [{required: [a]}, {required: [b]}]}"
    )
    made = shop(post("/x", "x", body("application/json", schema)))
    made.call("x", {"a": "1"})
    assert made.sent.content == b'{"a":"1"}'
    with pytest.raises(InvalidArguments, match="one of them is required"):
        made.call("x", {})


def test_alternatives_of_what_is_required_stay_beside_fixed_values(shop):
    order = "{type: string, enum: [asc, desc]}"
    need = "{oneOf: [{required: [made]}, {required: [sent]}]}"
    schema = f"{{allOf: [{{type: object, properties: {{made: {order}, sent: {order}}}}}, {need}]}}"
    made = shop(post("/x", "x", f"parameters: [{query('sort', schema)}]", method="get"))
    made.call("x", {"sort": {"sent": "asc"}})
    assert made.sent.url.query == b"sent=asc"


@pytest.mark.parametrize(
    ("schema", "words", "value", "sent"),
    [
        (TEXTS, "", ["a", "b"], "p=a&p=b"),
        (TEXTS, ", explode: false", ["a", "b c"], "p=a,b%20c"),
        (TEXTS, ", style: spaceDelimited, explode: false", ["a", "b"], "p=a%20b"),
        (TEXTS, ", style: pipeDelimited, explode: false", ["a", "b"], "p=a%7Cb"),
        (TEXTS, ", style: deepObject, explode: true", ["a", "b"], "p[]=a&p[]=b"),
        (
            "{type: array, items: {type: object}}",
            ", style: deepObject",
            [{"x": "1"}, {"x": "2"}],
            "p[0][x]=1&p[1][x]=2",
        ),
        ("{type: object, properties: {gt: {type: integer}}}", "", {"gt": 1}, "gt=1"),
        ("{type: object, properties: {gt: {type: integer}}}", ", explode: false", {"gt": 1}, "p=gt,1"),
        ("{type: object, additionalProperties: {type: string}}", ", style: deepObject", {"x y": "1"}, "p[x%20y]=1"),
        ("{type: string}", ", allowReserved: true", "a/b?c", "p=a/b?c"),
    ],
)
def test_the_query_is_written_in_the_style_of_the_document(shop, schema, words, value, sent):
    made = shop(post("/x", "x", f"parameters: [{query('p', schema, words)}]", method="get"))
    made.call("x", {"p": value})
    assert made.sent.url.raw_path.decode().partition("?")[2] == sent


def test_a_parameter_with_a_content_type_is_written_as_json(shop):
    parameter = "{name: p, in: query, content: {application/json: {schema: {type: object}}}}"
    made = shop(post("/x", "x", f"parameters: [{parameter}]", method="get"))
    made.call("x", {"p": {"a": 1}})
    assert made.sent.url.params["p"] == '{"a":1}'


@pytest.mark.parametrize(
    ("path", "style", "value", "sent"),
    [
        ("/a/{p}", "", ["x", "y/z"], "/v1/a/x,y%2Fz"),
        ("/a{p}", ", style: label", ["x", "y"], "/v1/a.x,y"),
        ("/a{p}", ", style: label, explode: true", ["x", "y"], "/v1/a.x.y"),
        ("/a{p}", ", style: matrix", ["x", "y"], "/v1/a;p=x,y"),
        ("/a{p}", ", style: matrix, explode: true", ["x", "y"], "/v1/a;p=x;p=y"),
    ],
)
def test_lists_stand_in_the_path_in_the_style_of_the_document(shop, path, style, value, sent):
    parameter = f"{{name: p, in: path, required: true, schema: {TEXTS}{style}}}"
    made = shop(post(path, "x", f"parameters: [{parameter}]", method="get"))
    made.call("x", {"p": value})
    assert made.sent.url.raw_path.decode() == sent


def test_a_list_in_a_path_never_leaves_its_segment(shop):
    parameter = f"{{name: p, in: path, required: true, schema: {TEXTS}}}"
    made = shop(post("/a/{p}", "x", f"parameters: [{parameter}]", method="get"))
    for value in ([".."], [], ["."]):
        with pytest.raises(InvalidArguments):
            made.call("x", {"p": value})
    assert made.seen == []


def test_what_parts_values_in_a_path_is_encoded_in_a_value(shop):
    one = "parameters: [{name: id, in: path, required: true, schema: {type: string}}]"
    made = shop(post("/x/{id}", "x", one, method="get"))
    made.call("x", {"id": "a,b;c=d+1@e"})
    assert made.sent.url.raw_path == b"/v1/x/a%2Cb%3Bc%3Dd+1@e"


def test_a_secret_that_stands_in_a_path_is_an_argument_as_any_other(shop):
    one = "parameters: [{name: key, in: path, required: true, schema: {type: string, format: password}}]"
    made = shop(post("/keys/{key}", "getKey", one, method="get"))
    made.call("get_key", {"key": "k"})
    assert made.sent.url.path == "/v1/keys/k"


def test_headers_and_cookies_are_written(shop):
    parameters = (
        f"[{{name: X-Tags, in: header, schema: {TEXTS}}}, {{name: lang, in: cookie, schema: {{type: string}}}}]"
    )
    made = shop(post("/x", "x", f"parameters: {parameters}", method="get"))
    made.call("x", {"x_tags": ["a", "b"], "lang": "d;e"})
    assert (made.sent.headers["x-tags"], made.sent.headers["cookie"]) == ("a,b", "lang=d%3Be")


def test_a_query_of_the_path_goes_out_and_a_fragment_does_not(shop):
    made = shop(f"{post('/x?beta=true', 'beta', method='get')}\n{post('/x#copy', 'copy')}")
    made.call("beta")
    assert made.sent.url.raw_path == b"/v1/x?beta=true"
    made.call("copy")
    assert made.sent.url.raw_path == b"/v1/x"


def test_alike_paths_are_two_tools(shop):
    one = "parameters: [{name: picture-id, in: path, required: true, schema: {type: string}}]"
    other = one.replace("picture", "line")
    made = shop(
        f"{post('/{picture-id}', 'getPicture', one, method='get')}\n"
        f"{post('/{line-id}', 'getLine', other, method='get')}"
    )
    made.call("get_line", {"line_id": "l"})
    assert made.sent.url.path == "/v1/l"


AUDIO = "responses: {'200': {description: ok, content: {audio/mpeg: {schema: {type: string, format: binary}}}}}"


def audio(content: bytes = b"ID3") -> httpx.Response:
    return httpx.Response(200, content=content, headers={"content-type": "audio/mpeg"})


def test_audio_is_a_result_of_bytes_with_a_media_type(shop):
    made = shop(post("/speech", "speak", responses=AUDIO))
    result = made.call("speak", reply=audio())
    assert isinstance(result, Content)
    assert (result, result.media_type) == (b"ID3", "audio/mpeg")
    assert made.sent.headers["accept"] == "audio/mpeg"
    assert as_json(result) == {"media_type": "audio/mpeg", "base64": "SUQz"}


def test_a_large_answer_is_streamed_or_written_to_a_file(shop, tmp_path):
    made = shop(post("/speech", "speak", responses=AUDIO))
    assert b"".join(made.call("speak", reply=audio(), request_options={"stream": True})) == b"ID3"
    target = tmp_path / "a.mp3"
    assert made.call("speak", reply=audio(), request_options={"to": target}) == target
    assert target.read_bytes() == b"ID3"
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["a.mp3"]


def test_text_events_and_nothing_are_read_as_what_comes(shop):
    texts = "responses: {'200': {description: ok, content: {text/csv: {schema: {type: string}}}}}"
    both = (
        "responses: {'200': {description: ok, content: {application/json: {schema: {type: object}}, "
        "text/event-stream: {schema: {type: string}}}}}"
    )
    made = shop(f"{post('/csv', 'csv', method='get', responses=texts)}\n{post('/chat', 'chat', responses=both)}")
    assert made.call("csv", reply=httpx.Response(200, text="a,b", headers={"content-type": "text/csv"})) == "a,b"
    events = httpx.Response(
        200, content=b"event: a\ndata: 1\n\ndata: 2\n\n", headers={"content-type": "text/event-stream"}
    )
    assert [(event.event, event.data) for event in made.call("chat", reply=events)] == [("a", "1"), ("message", "2")]
    assert made.call("chat") == {"ok": True}


def test_a_page_where_json_was_promised_is_still_no_result(shop):
    made = shop(post("/x", "createX"))
    page = httpx.Response(200, text="<html>", headers={"content-type": "text/html"})
    with pytest.raises(OutcomeUnknown):
        made.call("create_x", reply=page)


def test_a_redirect_that_is_the_documented_answer_is_given_as_its_location(shop):
    moved = "responses: {'302': {description: there}}"
    made = shop(post("/download", "download", method="get", responses=moved))
    reply = httpx.Response(302, headers={"location": "https://cdn.example/x"})
    assert made.call("download", reply=reply) == "https://cdn.example/x"
    assert len(made.seen) == 1


def test_read_only_fields_are_in_no_request(shop):
    schemas = """
components:
  securitySchemes: {key: {type: http, scheme: bearer}}
  schemas:
    Base: {type: object, properties: {id: {type: string, readOnly: true}, name: {type: string}}}
    Task: {allOf: [{$ref: '#/components/schemas/Base'}, {type: object, properties: {parent: {type: string}}}]}
security: [{key: []}]
"""
    task = "{$ref: '#/components/schemas/Task'}"
    made = shop(post("/tasks", "createTask", body("application/json", task)), HEAD + schemas)
    assert "id" not in made.registry.tools["create_task"].parameters
    made.call("create_task", {"name": "n", "parent": "p"})
    assert made.sent.content == b'{"name":"n","parent":"p"}'


MARKED = """
components:
  securitySchemes: {key: {type: http, scheme: bearer}}
  schemas:
    Links: {type: object, readOnly: true, required: [self], properties: {self: {type: string}}}
    MoreLinks: {allOf: [{$ref: '#/components/schemas/Links'}, {description: Where to go on.}]}
    Base: {type: object, properties: {id: {type: string, readOnly: true}, name: {type: string}}}
security: [{key: []}]
"""
LINKS, MORE, BASE = (f"{{$ref: '#/components/schemas/{name}'}}" for name in ("Links", "MoreLinks", "Base"))
NAME = "name: {type: string}"


@pytest.mark.parametrize(
    "schema",
    [
        pytest.param(f"{{type: object, required: [_links, name], properties: {{_links: {LINKS}, {NAME}}}}}", id="ref"),
        pytest.param(
            f"{{type: object, required: [_links], properties: {{_links: {MORE}, {NAME}}}}}", id="allOf of refs"
        ),
        pytest.param(f"{{allOf: [{BASE}, {{type: object, required: [id, name]}}]}}", id="required in another part"),
        pytest.param(f"{{allOf: [{{allOf: [{BASE}]}}, {{required: [id, name]}}]}}", id="nested parts"),
        pytest.param(f"{{allOf: [{BASE}], required: [id, name]}}", id="required beside the parts"),
        pytest.param(
            f"{{oneOf: [{{allOf: [{BASE}, {{required: [id], properties: {{a: {{type: string}}}}}}]}},"
            f" {{type: object, required: [b, _links], properties: {{b: {{type: integer}}, _links: {LINKS}}}}}]}}",
            id="a union",
        ),
    ],
)
@pytest.mark.parametrize("place", ["body", "field"])
def test_what_only_answers_have_is_not_required_of_a_request_wherever_the_mark_stands(shop, place, schema):
    inner = schema if place == "body" else f"{{type: object, properties: {{task: {schema}}}}}"
    made = shop(post("/tasks", "createTask", body("application/json", inner)), HEAD + MARKED)
    # A union in the body is one argument.
    name = "task" if place == "field" else "body" if "body" in made.registry.tools["create_task"].parameters else None
    made.call("create_task", {"name": "n"} if name is None else {name: {"name": "n"}})
    assert made.sent.content == (b'{"name":"n"}' if place == "body" else b'{"task":{"name":"n"}}')
    made.settled()


def test_long_names_stay_apart_and_are_cut_at_words(shop):
    long = "patch-shops-shopId-feeSchedules-feeScheduleId-rules-ruleId-conditions-conditionId"
    made = shop(f"{post('/a', long, method='patch')}\n{post('/b', f'{long}-feeFormula', method='patch')}")
    names = list(made.registry.tools)
    assert len(set(names)) == 2
    assert all(len(name) <= 80 and not name.endswith("_") for name in names)


def test_a_swagger_document_is_read(tmp_path):
    document = {
        "swagger": "2.0",
        "info": {"title": "Old", "version": "1"},
        "host": "api.old.example",
        "basePath": "/v2",
        "schemes": ["https"],
        "consumes": ["application/json"],
        "produces": ["application/json"],
        "securityDefinitions": {"key": {"type": "apiKey", "in": "header", "name": "X-Key"}},
        "security": [{"key": []}],
        "definitions": {"Pet": {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}}},
        "paths": {
            "/pets": {
                "post": {
                    "operationId": "addPet",
                    "parameters": [
                        {"in": "body", "name": "pet", "required": True, "schema": {"$ref": "#/definitions/Pet"}},
                        {"in": "query", "name": "ids", "type": "array", "items": {"type": "string"}},
                    ],
                    "responses": {"200": {"description": "ok", "schema": {"$ref": "#/definitions/Pet"}}},
                }
            },
            "/login": {
                "post": {
                    "operationId": "login",
                    "consumes": [FORM],
                    "parameters": [{"in": "formData", "name": "user", "type": "string", "required": True}],
                    "responses": {"204": {"description": "ok"}},
                }
            },
        },
    }
    made = Shop(tmp_path / "spec", yaml.safe_dump(document))
    made.settled()
    made.call("add_pet", {"name": "Rex", "ids": ["a", "b"]})
    assert made.sent.url == "https://api.old.example/v2/pets?ids=a,b"
    assert (made.sent.content, made.sent.headers["x-key"]) == (b'{"name":"Rex"}', "k1")
    made.call("login", {"user": "u"}, reply=httpx.Response(204))
    assert made.sent.content == b"user=u"
