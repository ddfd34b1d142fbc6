"""`toolgen generate --site` and what `toolgen site` refuses, for a spec of somebody's own."""

import urllib.error
import urllib.request
from threading import Thread

import pytest
from click.testing import CliRunner

from tool_generator.cli import main
from tool_generator.publish.local_server import site_server


@pytest.fixture
def run(monkeypatch, tmp_path, spec):
    def invoke(*arguments):
        monkeypatch.chdir(tmp_path)
        return CliRunner().invoke(main, [*arguments, "--spec", str(spec.write())])

    return invoke


def test_the_sources_of_a_site_are_written_for_any_api(run, tmp_path):
    (tmp_path / "README.md").write_text("# Small\n\nThings by wire.\n", encoding="utf-8")
    ended = run("generate", "--site", "docs")
    assert ended.exit_code == 0, ended.output
    assert (tmp_path / "docs/pages/tools/get_thing.md").is_file()
    assert (tmp_path / "docs/static/tools/get_thing.md").is_file()
    assert "Things by wire." in (tmp_path / "docs/pages/index.md").read_text(encoding="utf-8")
    assert not (tmp_path / "generated").exists()


def test_a_project_without_readme_changelog_and_git_has_a_site_too(run, tmp_path):
    assert run("generate", "--site", "docs").exit_code == 0
    assert "no release yet" in (tmp_path / "docs/pages/changes/tools.md").read_text(encoding="utf-8")


def test_a_page_of_a_tool_that_is_gone_goes_too(run, tmp_path, spec):
    spec.tool("end_thing")
    run("generate", "--site", "docs")
    del spec.tools["end_thing"]
    run("generate", "--site", "docs")
    assert not (tmp_path / "docs/pages/tools/end_thing.md").exists()


@pytest.mark.parametrize("command", [("generate", "--site", "docs"), ("site", "--work", "docs", "--no-explorer")])
def test_a_folder_with_files_of_somebody_else_is_left_alone(run, tmp_path, command):
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/mkdocs.yml").write_text("site_name: mine\n", encoding="utf-8")
    ended = run(*command)
    assert ended.exit_code == 1
    assert [path.name for path in (tmp_path / "docs").iterdir()] == ["mkdocs.yml"]


def test_a_package_and_the_sources_of_a_site_are_written_one_at_a_time(run):
    ended = run("generate", "--site", "docs", "--check")
    assert ended.exit_code == 2
    assert "--out and --check do not go with it" in ended.output


def test_a_guide_text_without_a_place_is_a_problem_of_the_spec(run, spec):
    spec.text("guide/webhoks.md", "Text.\n")
    ended = run("generate", "--site", "docs")
    assert ended.exit_code == 1
    assert "webhoks" in ended.output


@pytest.fixture
def served(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a/index.html").write_text("a page", encoding="utf-8")
    (tmp_path / "a.md").write_text("# a", encoding="utf-8")
    (tmp_path / "404.html").write_text("not here", encoding="utf-8")
    server = site_server(tmp_path, 0)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(
    ("path", "text", "kind"), [("a/", b"a page", "text/html"), ("a.md", b"# a", "text/markdown; charset=utf-8")]
)
def test_a_built_site_is_shown_on_this_machine(served, path, text, kind):
    with urllib.request.urlopen(served + path, timeout=30) as reply:
        assert (reply.read(), reply.headers["Content-Type"]) == (text, kind)


def test_a_missing_page_is_answered_by_the_page_for_that(served):
    with pytest.raises(urllib.error.HTTPError) as raised, urllib.request.urlopen(served + "b/", timeout=30):
        pass
    with raised.value as reply:
        assert (reply.code, reply.read()) == (404, b"not here")
