"""Bodies as published documents write them: two media types that say different things, parts, unions, rules."""

from __future__ import annotations

import pytest
from imported_shop import HEAD, KEY, TEXTS, body, post

from tool_runtime.errors import InvalidArguments

JSON, MULTIPART = "application/json", "multipart/form-data"
FILE = "{type: string, format: binary}"


def either(json: str, multipart: str) -> str:
    """Write a body that is JSON or multipart, as YAML."""
    content = f"{{{JSON}: {{schema: {json}}}, {MULTIPART}: {{schema: {multipart}}}}}"
    return f"requestBody: {{required: true, content: {content}}}"


def fields(*required: str, **schemas: str) -> str:
    properties = ", ".join(f"{name}: {schema}" for name, schema in schemas.items())
    return f"{{type: object, required: [{', '.join(required)}], properties: {{{properties}}}}}"


TEXT = "{type: string}"


def test_a_field_that_is_a_text_in_json_and_a_file_in_multipart_is_given_in_one_of_two_ways(shop):
    made = shop(post("/scans", "scan", either(fields("image", image=TEXT), fields("image", image=FILE))))
    made.call("scan", {"image": "https://x.example/a.png"})
    assert made.sent.content == b'{"image":"https://x.example/a.png"}'
    made.call("scan", {"file_image": b"PNG"})
    assert b'name="image"; filename="image"' in made.sent.content
    for given in ({}, {"image": "u", "file_image": b"PNG"}):
        with pytest.raises(InvalidArguments, match="image"):
            made.call("scan", given)


def test_what_only_one_of_two_media_types_demands_is_not_demanded_of_the_other(shop):
    made = shop(post("/files", "add", either(fields("link", link=TEXT), fields("file", file=FILE, note=TEXT))))
    made.call("add", {"link": "u"})
    assert made.sent.content == b'{"link":"u"}'
    made.call("add", {"file": b"x", "note": "n"})
    assert b'name="file"; filename="file"' in made.sent.content
    with pytest.raises(InvalidArguments, match="file or link: one of them is required"):
        made.call("add")


def test_a_field_may_have_the_values_of_either_media_type(shop):
    sizes = fields(size="{type: string, enum: [auto]}"), fields(size="{type: string, enum: [wide]}", file=FILE)
    made = shop(post("/images", "draw", either(*sizes)))
    made.call("draw", {"size": "auto"})
    made.call("draw", {"size": "wide", "file": b"x"})
    assert b'name="size"\r\n\r\nwide' in made.sent.content


def test_a_list_beside_a_file_has_a_part_for_each_item(shop):
    made = shop(post("/notes", "add", either(fields(tags=TEXTS), fields(tags=TEXTS, file=FILE))))
    made.call("add", {"tags": ["a", "b"], "file": b"x"})
    assert made.sent.content.count(b'name="tags"') == 2


def test_one_file_stands_for_a_list_of_one(shop):
    schema = fields(image=f"{{oneOf: [{FILE}, {{type: array, items: {FILE}}}]}}")
    made = shop(post("/edits", "edit", body(MULTIPART, schema)))
    made.call("edit", {"image": b"x"})
    made.call("edit", {"image": [b"x", b"y"]})
    assert [request.content.count(b'name="image"; filename=') for request in made.seen] == [1, 2]


def test_a_part_of_several_kinds_says_that_it_is_json_where_it_is_an_object(shop):
    made = shop(post("/x", "x", body(MULTIPART, fields(plan=f"{{anyOf: [{TEXT}, {fields(kind=TEXT)}]}}"))))
    made.call("x", {"plan": {"kind": "k"}})
    assert b'name="plan"\r\nContent-Type: application/json\r\n\r\n{"kind":"k"}' in made.sent.content
    made.call("x", {"plan": "auto"})
    assert b'name="plan"\r\n\r\nauto' in made.sent.content


def test_parts_that_are_no_form_data_say_so(shop):
    made = shop(post("/x", "x", body("multipart/mixed", fields(note=TEXT, scan=FILE))))
    made.call("x", {"note": "n", "scan": b"x"})
    media_type, boundary = made.sent.headers["content-type"].split("; boundary=")
    assert media_type == "multipart/mixed"
    assert made.sent.content.startswith(f"--{boundary}\r\n".encode())


@pytest.mark.parametrize("media_type", ["application/json; charset=utf-8", "text/plain; charset=utf-8"])
def test_the_parameters_of_a_media_type_are_sent(shop, media_type):
    schema = fields(a=TEXT) if "json" in media_type else TEXT
    made = shop(post("/x", "x", body(media_type, schema)))
    made.call("x", {"a": "1"} if "json" in media_type else {"body": "1"})
    assert made.sent.headers["content-type"] == media_type


def test_of_two_media_types_that_differ_in_parameters_the_plain_one_is_taken(shop):
    content = f"{{'{JSON};simple': {{schema: {fields(one=TEXT)}}}, {JSON}: {{schema: {{type: array, items: {TEXT}}}}}}}"
    made = shop(post("/x", "x", f"requestBody: {{required: true, content: {content}}}"))
    made.call("x", {"body": ["a"]})
    assert (made.sent.headers["content-type"], made.sent.content) == (JSON, b'["a"]')


def test_bytes_that_a_schema_calls_binary_content_are_a_file(shop):
    schema = fields(file="{type: string, contentEncoding: binary, contentMediaType: image/png}")
    made = shop(post("/x", "x", body(MULTIPART, schema)), HEAD.replace("3.0.3", "3.1.0") + KEY)
    made.call("x", {"file": b"PNG"})
    assert b'name="file"; filename="file"' in made.sent.content


def test_a_body_that_is_left_out_breaks_no_rule_of_its_fields(shop):
    schema = f"{{type: object, properties: {{a: {TEXT}, b: {TEXT}}}, anyOf: [{{required: [a]}}, {{required: [b]}}]}}"
    made = shop(post("/x", "x", body(JSON, schema, required=False)))
    made.call("x")
    assert made.sent.content == b""
    made.call("x", {"b": "1"})
    assert made.sent.content == b'{"b":"1"}'


def test_a_delete_without_arguments_has_no_body(shop):
    made = shop(post("/x", "deleteX", body(JSON, fields(why=TEXT), required=False), method="delete"))
    made.call("delete_x")
    assert made.sent.content == b""


UNIONS = """
components:
  securitySchemes: {key: {type: http, scheme: bearer}}
  schemas:
    Message:
      oneOf: [{$ref: '#/components/schemas/Chat'}, {$ref: '#/components/schemas/Mail'}]
      discriminator:
        propertyName: kind
        mapping: {chat: '#/components/schemas/Chat', mail: '#/components/schemas/Mail'}
    Chat:
      oneOf: [{$ref: '#/components/schemas/Short'}, {$ref: '#/components/schemas/Long'}]
    Short: {type: object, required: [kind], properties: {kind: {type: string, enum: [short]}}}
    Long: {type: object, required: [kind], properties: {kind: {type: string, enum: [long]}}}
    Mail: {type: object, required: [kind], properties: {kind: {$ref: '#/components/schemas/MailKind'}}}
    MailKind: {type: string, enum: [letter, card]}
security: [{key: []}]
"""


@pytest.mark.parametrize("kind", ["short", "long", "letter", "card"])
def test_members_of_a_union_that_say_their_own_values_keep_them(shop, kind):
    schema = fields("message", message="{$ref: '#/components/schemas/Message'}")
    made = shop(post("/send", "send", body(JSON, schema)), HEAD + UNIONS)
    made.call("send", {"message": {"kind": kind}})
    assert made.sent.content == f'{{"message":{{"kind":"{kind}"}}}}'.encode()


def test_files_that_a_body_of_several_forms_cannot_carry_are_told(shop):
    union = f"{{anyOf: [{fields('a', a=TEXT)}, {fields('b', b=TEXT)}]}}"
    made = shop(post("/x", "x", either(union, f"{{allOf: [{union}, {fields(file=FILE)}]}}")))
    made.call("x", {"body": {"a": "1"}})
    assert made.sent.content == b'{"a":"1"}'
    assert any("may also be multipart/form-data" in str(line) for line in made.outcome.report.of("note"))
