from __future__ import annotations

import json

import pytest
import yaml
from click.testing import CliRunner

from tool_generator.cli import main
from tool_generator.maintain.facts import facts_of

PETS = {
    "openapi": "3.1.0",
    "info": {"title": "Pets", "version": "7", "description": "All about pets.", "contact": {"name": "Ada"}},
    "tags": [{"name": "pets", "description": "Pets."}],
    "servers": [{"url": "https://pets.example", "description": "The only one."}],
    "paths": {
        "/pets/{id}": {
            "get": {
                "operationId": "getPet",
                "summary": "Read a pet",
                "description": "Long.",
                "x-codegen": {"group": "pets"},
                "parameters": [
                    {
                        "name": "id",
                        "in": "path",
                        "required": True,
                        "description": "Which.",
                        "schema": {"type": "string", "description": "An id.", "example": "pet_1"},
                    }
                ],
                "responses": {
                    "200": {
                        "description": "A pet.",
                        "content": {
                            "application/json": {
                                "schema": {"$ref": "#/components/schemas/Pet"},
                                "examples": {"one": {"value": {}}},
                            }
                        },
                    }
                },
            }
        }
    },
    "components": {
        "schemas": {
            "Pet": {
                "title": "A pet",
                "type": "object",
                "properties": {
                    "title": {"type": "string", "title": "Its title", "maxLength": 9},
                    "description": {"type": "string", "enum": ["summary", "example"]},
                    "x-ray": {"type": "boolean", "default": True},
                },
                "required": ["title"],
            }
        }
    },
}


def facts(*arguments):
    return CliRunner().invoke(main, ["facts", *map(str, arguments)])


def test_facts_keep_what_the_wire_has_and_drop_what_people_wrote():
    assert facts_of(PETS) == {
        "openapi": "3.1.0",
        "info": {"title": "facts", "version": "7"},
        "servers": [{"url": "https://pets.example"}],
        "paths": {
            "/pets/{id}": {
                "get": {
                    "operationId": "getPet",
                    "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}],
                    "responses": {
                        "200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Pet"}}}}
                    },
                }
            }
        },
        "components": {
            "schemas": {
                "Pet": {
                    "type": "object",
                    "properties": {
                        "title": {"type": "string", "maxLength": 9},
                        "description": {"type": "string", "enum": ["summary", "example"]},
                        "x-ray": {"type": "boolean", "default": True},
                    },
                    "required": ["title"],
                }
            }
        },
    }


@pytest.mark.parametrize("write", [json.dumps, yaml.safe_dump])
def test_the_command_reads_json_and_yaml_and_writes_one_file(tmp_path, write):
    (tmp_path / "pets").write_text(write(PETS))
    result = facts(tmp_path / "pets", "--out", tmp_path / "facts" / "pets.json")
    assert (result.exit_code, result.output) == (0, f"{tmp_path / 'facts' / 'pets.json'}: 1 operations\n")
    assert json.loads((tmp_path / "facts" / "pets.json").read_text()) == facts_of(PETS)


def test_without_a_file_the_facts_go_to_standard_output(tmp_path):
    (tmp_path / "pets.json").write_text(json.dumps(PETS))
    assert json.loads(facts(tmp_path / "pets.json").stdout) == facts_of(PETS)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{}", "this is no OpenAPI 3 document"),
        ('{"swagger": "2.0", "paths": {}}', "this is no OpenAPI 3 document"),
        ('{"openapi": "3.0.0"}', "the document has no paths"),
        ("[1, 2", "JSON"),
        ("a: [1", "YAML"),
    ],
)
def test_what_is_no_document_is_refused_and_nothing_is_written(tmp_path, content, message):
    (tmp_path / "given").write_text(content)
    result = facts(tmp_path / "given", "--out", tmp_path / "facts.json")
    assert result.exit_code == 1
    assert message in result.stderr
    assert not (tmp_path / "facts.json").exists()
