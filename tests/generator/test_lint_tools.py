from __future__ import annotations

import pytest

STRING = {"type": "string"}
PATH = {"in": "path", "required": True, "schema": STRING}
BODY = {"in": "body", "schema": STRING}
QUERY = {"in": "query", "schema": STRING}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"path": "/x/{idd}", "parameters": {"id": PATH}},
            'no parameter with in: path is named "idd"; did you mean "id"?',
        ),
        ({"parameters": {"id": PATH}}, "the path has no {id}"),
        ({"path": "/x/{id", "parameters": {"id": PATH}}, "the braces of the path"),
        ({"path": "/{id}/{id}", "parameters": {"id": PATH}}, 'the path has "id" twice'),
        (
            {"path": "/x/{id}", "parameters": {"id": PATH | {"required": False}}},
            'the path parameter "id" must be required',
        ),
        ({"path": "/x/{id}", "parameters": {"id": PATH | {"secret": True}}}, '"id" is secret'),
        ({"path": "{+id}", "parameters": {"id": PATH}}, "{+id} needs raw: true"),
        ({"path": "/x/{id}", "parameters": {"id": PATH | {"raw": True}}}, "raw: true needs {+id}"),
        ({"path": "x"}, "does not match"),
        ({"parameters": {"a": {"in": "bdy"}}}, 'not "bdy"; did you mean "body"?'),
        ({"parameters": {"a": {"in": "query"}}}, 'the parameter "a" has no schema'),
        ({"parameters": {"a": {"in": "spread"}, "b": {"in": "spread"}}}, '"a" and "b" are both in: spread'),
        ({"parameters": {"a": {"in": "whole_body"}, "b": BODY}}, '"b" has no place beside "a"'),
        ({"parameters": {"a": {"in": "file"}}}, 'the file "a" needs encoding: multipart'),
        ({"method": "HEAD", "parameters": {"a": BODY}}, "a HEAD request has no body"),
        ({"parameters": {"a": {"in": "header", "wire": "authorization", "schema": STRING}}}, "belongs to the runtime"),
        ({"parameters": {"a": BODY | {"raw": True}}}, "raw is for path parameters"),
        ({"parameters": {"a": BODY | {"style": "comma"}}}, "the style comma of"),
        ({"parameters": {"a": {"in": "steps", "schema": STRING}}}, '"a" is for steps, and there are none'),
        ({"body": {"$ref": "Thingy"}}, 'there is no type "Thingy"; did you mean "Thing"?'),
        ({"body": {"$ref": "Nothing"}}, "the body type Nothing has no properties"),
        (
            {"body": {"$ref": "Thing"}, "parameters": {"thing": {"in": "body"}}},
            'the body type no property "thing"; did you mean "thing_id"?',
        ),
        (
            {"path": "/{thing_id}", "body": {"$ref": "Thing"}, "parameters": {"thing_id": PATH}},
            'the path parameter "thing_id" has the name of a property of the body type Thing',
        ),
        ({"class": "read", "effects": ["dial"]}, "a read has no effects"),
        ({"class": "read", "reconcile": {"tool": "get_thing", "note": "x"}}, "reconcile is for writes"),
        ({"effects": ["dail"]}, 'not "dail"; did you mean "dial"?'),
        (
            {"idempotency": "keyy", "parameters": {"key": BODY}},
            'the idempotency field "keyy" is not in the body; did you mean "key"?',
        ),
        ({"deprecated": True, "sunset": "2026-02-30"}, 'the sunset "2026-02-30" is not a date'),
        ({"deprecated": True, "sunset": "soon"}, "does not match"),
        ({"sunset": "2026-02-20"}, "sunset needs deprecated: true"),
        (
            {"constraints": [{"at_most_one": ["a", "bb"]}], "parameters": {"a": BODY, "b": BODY}},
            'names "bb", which is no argument; did you mean "b"?',
        ),
        (
            {"constraints": [{"exactly_one": ["a", "b"]}], "parameters": {"a": BODY | {"required": True}, "b": BODY}},
            "leaves no choice",
        ),
        ({"summary": "two\nlines"}, "does not match"),
    ],
)
def test_a_tool_that_is_wrong_in_itself_is_a_problem(spec, changes, message):
    spec.types["types"]["Nothing"] = {"type": "string"}
    spec.tool("odd", **changes)
    messages = [text for text in spec.messages() if message in text]
    assert len(messages) == 1, spec.messages()


@pytest.mark.parametrize("key", ["class", "method", "path", "summary"])
def test_a_tool_without_what_every_tool_has_is_a_problem(spec, key):
    del spec.tool("odd")[key]
    assert f'tools.odd lacks the key "{key}"' in spec.messages()


def test_a_problem_stands_at_the_line_of_what_is_wrong(spec):
    spec.texts["tools/more.yaml"] = (
        "group: more\ntitle: More\ntools:\n  odd:\n    class: read\n    method: GET\n    path: /odd/{id}\n"
        "    summary: Odd.\n    parameters:\n      idd:\n        in: path\n        required: true\n"
        "        schema: {type: string}\n"
    )
    spec.api["api"]["groups"].append("more")
    assert spec.problems() == [
        'tools/more.yaml:7: odd: no parameter with in: path is named "id"; did you mean "idd"?',
        'tools/more.yaml:10: odd: the path has no {idd}; did you mean "id"?',
    ]


def test_problems_of_all_files_and_kinds_are_reported_at_once(spec):
    spec.api["api"]["versoin"] = "1"
    spec.tools["get_thing"]["methd"] = "GET"
    spec.tool("odd", path="/{id}", replaced_by="get_thin", deprecated=True)
    spec.types["types"]["Thing"]["properties"]["x"] = {"$ref": "Thin"}
    text = "\n".join(spec.problems())
    for part in (
        '"versoin"; did you mean "version"',
        '"methd"; did you mean "method"',
        'named "id"',
        '"get_thin"',
        '"Thin"',
    ):
        assert part in text


def test_groups_of_the_api_and_of_the_files_must_be_the_same(spec):
    spec.api["api"]["groups"] = ["thing", "others"]
    assert spec.messages() == [
        'no file in tools/ has the group "thing"; did you mean "things"?',
        'no file in tools/ has the group "others"',
        'the group "things" is not in api.groups; did you mean "thing"?',
    ]


def test_a_spec_without_api_yaml_says_so(tmp_path, spec):
    spec.write()
    (spec.folder / "api.yaml").unlink()
    from tool_generator.generate import compile_spec
    from tool_generator.problems import SpecProblems

    with pytest.raises(SpecProblems, match=r"api.yaml:1: is missing or lacks the key api"):
        compile_spec(spec.folder)


def test_a_write_by_get_is_a_warning(spec):
    spec.tool("ping", method="GET")
    assert spec.warnings() == ["ping: a write by GET: caches and proxies may repeat it"]
