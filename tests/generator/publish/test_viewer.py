"""The viewer: the pinned file or none, and no network once it is there."""

import hashlib
import io
import tarfile

import pytest

from tool_generator.publish.viewer import ViewerUnavailable, lay_viewer

CONTENT = b"console.log('a viewer')"
DIGEST = hashlib.sha512(CONTENT).hexdigest()


@pytest.fixture
def npm(tmp_path, monkeypatch):
    """Put an npm in front of all others that packs `content`, or fails."""

    def install(content=None):
        folder = tmp_path / "bin"
        folder.mkdir(exist_ok=True)
        lines = ["#!/bin/sh", f"echo run >> {tmp_path}/runs"]
        if content is None:
            lines += ["echo 'the registry is away' >&2", "exit 1"]
        else:
            packed = io.BytesIO()
            with tarfile.open(fileobj=packed, mode="w:gz") as archive:
                member = tarfile.TarInfo("package/dist/browser/standalone.js")
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
            (tmp_path / "packed").write_bytes(packed.getvalue())
            lines.append(f"/bin/cp {tmp_path}/packed viewer.tgz")
        script = folder / "npm"
        script.write_text("\n".join(lines) + "\n")
        script.chmod(0o755)
        monkeypatch.setenv("PATH", str(folder))

    return install


@pytest.fixture
def places(tmp_path):
    return tmp_path / "site", tmp_path / "cache"


def test_the_viewer_and_its_licence_are_laid_beside_each_other(npm, places):
    npm(CONTENT)
    lay_viewer(*places, DIGEST)
    assert (places[0] / "viewer.js").read_bytes() == CONTENT
    assert "MIT License" in (places[0] / "viewer.LICENSE.txt").read_text(encoding="utf-8")


def test_what_was_fetched_once_is_not_fetched_again(npm, places, tmp_path):
    npm(CONTENT)
    lay_viewer(*places, DIGEST)
    lay_viewer(*places, DIGEST)
    assert (tmp_path / "runs").read_text() == "run\n"


def test_another_file_than_the_pinned_one_is_refused(npm, places):
    npm(CONTENT)
    with pytest.raises(ViewerUnavailable, match="not the file that was pinned"):
        lay_viewer(*places)
    assert not places[0].exists()


def test_a_spoilt_file_in_the_cache_is_fetched_anew(npm, places):
    npm(CONTENT)
    lay_viewer(*places, DIGEST)
    for kept in places[1].iterdir():
        kept.write_bytes(b"spoilt")
    lay_viewer(*places, DIGEST)
    assert (places[0] / "viewer.js").read_bytes() == CONTENT


def test_a_registry_that_does_not_answer_is_named_with_the_way_around(npm, places):
    npm()
    with pytest.raises(ViewerUnavailable, match=r"the registry is away.*--no-explorer"):
        lay_viewer(*places, DIGEST)


def test_a_machine_without_npm_is_told_so(places, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ViewerUnavailable, match=r"install npm, or .*--no-explorer"):
        lay_viewer(*places, DIGEST)
