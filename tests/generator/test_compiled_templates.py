"""Templates are compiled once, and never wrongly: a kept form is used as long as all that decides on it is the same."""

import sys

import jinja2
import pytest

from tool_generator.emit.compiled_templates import CompiledTemplates


@pytest.fixture(autouse=True)
def _bytecode_is_written(monkeypatch):
    monkeypatch.setattr(sys, "dont_write_bytecode", False)


@pytest.fixture
def render(tmp_path):
    folder = tmp_path / "kept"

    def rendered(text, **options):
        environment = jinja2.Environment(
            loader=jinja2.DictLoader({"page": text}),
            bytecode_cache=CompiledTemplates(folder),
            autoescape=False,
            **options,
        )
        return environment.get_template("page").render(name="Ada")

    rendered.folder = folder
    return rendered


def kept(render):
    return {path.name: path.read_bytes() for path in render.folder.iterdir()}


def test_a_second_run_uses_what_the_first_one_kept(render):
    assert render("Hello {{ name }}") == "Hello Ada"
    before = kept(render)
    assert len(before) == 1
    assert render("Hello {{ name }}") == "Hello Ada"
    assert kept(render) == before


def test_a_changed_template_is_compiled_anew(render):
    render("Hello {{ name }}")
    assert render("Goodbye {{ name }}") == "Goodbye Ada"


def test_other_options_never_meet_a_form_that_was_compiled_without_them(render):
    text = "{% if name %}\nline\n{% endif %}\n"
    assert render(text) == "\nline\n"
    assert render(text, trim_blocks=True) == "line\n"


@pytest.mark.parametrize("content", [b"", b"j2", b"no bytecode at all"])
def test_a_spoilt_file_is_compiled_anew(render, content):
    render("Hello {{ name }}")
    (path,) = render.folder.iterdir()
    for spoilt in (content, path.read_bytes()[:30]):
        path.write_bytes(spoilt)
        assert render("Hello {{ name }}") == "Hello Ada"


def test_a_process_that_writes_no_bytecode_keeps_nothing(render, monkeypatch):
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    assert render("Hello {{ name }}") == "Hello Ada"
    assert not render.folder.exists()
