from __future__ import annotations

import ast
import inspect
import json
import subprocess
import sys
from pathlib import Path
from typing import Required, get_origin, get_type_hints

import pytest

from tool_generator.emit.python.literals import docstring, literal

RUNTIME = Path(__file__).parents[2] / "runtime"
LINE = (
    """quote " apostrophe ' back\\slash triple \"\"\" ''' {{ evil }} {% raw %} {# no #} <b>&amp;</b> ${x} %s """
    "\\N{BULLET} \x00 \x1b[31m \u202e \u2028 \u200b \U0001f512 # end\\"
)
TEXT = f'{LINE}\n\n    indented {LINE}\nlast line ends in a quote"'
KEYS = [
    "from", "class", "None", "__init__", "__class__", "__private", "str", "list", "Any", "TypedDict", "Thing", "a-b",
    'x"y', "{{ z }}", "two\nlines", "back\\slash", "'''", "é", "2nd", "files[]", "match", "type", "lambda", "print",
]  # fmt: skip
TYPES = [
    "Any",
    "TypedDict",
    "Client",
    "Literal",
    "str",
    "class",
    "None",
    "__init__",
    "object",
    "Required",
    "Unpack",
    "int",
]


@pytest.fixture
def hostile(spec):
    spec.api["api"] |= {"name": "hostile_api", "title": LINE, "summary": LINE}
    spec.group |= {"title": LINE, "summary": LINE}
    keys = {key: {"type": "string", "description": TEXT, "enum": [LINE, key]} for key in KEYS}
    for name in TYPES:
        spec.types["types"][name] = {"type": "object", "description": TEXT, "properties": keys, "required": KEYS[::2]}
    spec.types["types"]["Union"] = {"anyOf": [{"$ref": name} for name in TYPES], "description": TEXT}
    spec.types["types"]["Constant"] = {"const": TEXT}
    parameters = {
        key: {
            "in": "body",
            "wire": f"{key} on the wire",
            "description": TEXT,
            "schema": {"type": "string"},
            "example": TEXT,
        }
        for key in KEYS
        if key != "é"
    }
    parameters["union"] = {"in": "body", "schema": {"$ref": "Union"}}
    parameters["constant"] = {"in": "body", "schema": {"$ref": "Constant"}}
    for name in ("import", "def", "match", "object"):
        spec.tool(
            name,
            summary=LINE,
            description=TEXT,
            parameters=parameters,
            returns={"status": 200, "schema": {"$ref": "Any"}, "description": TEXT},
            examples=[{"title": LINE, "arguments": {"from": TEXT}}],
        )
    spec.tools["def"] |= {"deprecated": True, "replaced_by": "import"}
    return spec


def test_hostile_text_arrives_exactly_in_registry_and_docstrings(hostile, generate, load):
    package = generate(hostile.write())
    tool = json.loads((package / "registry.json").read_text())["tools"]["import"]
    assert tool["summary"] == LINE.strip()
    assert tool["description"] == TEXT.strip()
    assert tool["parameters"]["from"]["description"] == TEXT
    assert tool["examples"][0]["arguments"] == {"from": TEXT}
    client = load(package).Client
    assert (inspect.getdoc(client.import_) or "").startswith(f"{LINE}\n\n{TEXT}")


def test_hostile_text_arrives_exactly_in_what_fields_mean(hostile, generate):
    package = generate(hostile.write())
    tree = ast.parse(
        (next(path for path in package.glob("arguments/*.py") if "ImportArguments" in path.read_text())).read_text()
    )
    documented = {
        statement.target.id: inspect.cleandoc(body[index + 1].value.value)
        for node in tree.body
        if isinstance(node, ast.ClassDef) and node.name == "ImportArguments"
        for body in [node.body]
        for index, statement in enumerate(body)
        if isinstance(statement, ast.AnnAssign)
        and isinstance(body[-1 if index + 1 == len(body) else index + 1], ast.Expr)
    }
    assert documented["from_"] == TEXT
    assert documented["x_y"] == TEXT


def test_every_hostile_key_is_a_key_of_its_typed_dict(hostile, generate, load):
    types = load(generate(hostile.write())).types
    for name in ("Any_", "TypedDict_", "Client_", "Str", "Class", "None_", "Init"):
        hints = get_type_hints(getattr(types, name), include_extras=True)
        assert {key for key, hint in hints.items() if get_origin(hint) is Required} == set(KEYS[::2])
        assert set(hints) == set(KEYS)


def test_hostile_arguments_reach_the_wire_under_their_names(hostile, generate, load):
    client = load(generate(hostile.write())).Client(sandbox=False)
    sent = client.preview("import", {"from_": "a", "x_y": "b", "two\nlines": "c"})
    assert sent["body"] == {
        "from on the wire": "a",
        'x"y on the wire': "b",
        "two\nlines on the wire": "c",
    }


def test_code_from_a_hostile_spec_passes_mypy_strict(hostile, generate, tmp_path):
    package = generate(hostile.write())
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path / "cache"), "-p", package.name],
        cwd=package.parent,
        env={"MYPYPATH": str(RUNTIME), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("text", [LINE, TEXT, '"', '""""', "\\", '\\\\"', "", "\r\n", "a\\u0041", "'", '"""', "end\\"])
def test_docstrings_and_literals_evaluate_to_the_text_they_were_made_of(text):
    assert ast.literal_eval(docstring(text)).rstrip("\n") == text.rstrip("\n")
    assert ast.literal_eval(literal(text)) == text


def test_data_that_is_not_json_is_refused_as_a_literal():
    with pytest.raises(TypeError, match="set is not a JSON value"):
        literal({"a": {1, 2}})
