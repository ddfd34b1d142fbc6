"""Everything that is generated, line by line: a small API in snapshots, the real one in `generated/`."""

import pytest

from tool_generator.emit import output_folder
from tool_generator.generate import compile_spec, generated_files

from .conftest import LIBRARY, REPOSITORY


@pytest.fixture(scope="module")
def library_files():
    return generated_files(compile_spec(LIBRARY))


def test_every_file_of_the_library_api_is_what_the_snapshot_shows(library_files, snapshot):
    assert sorted(library_files) == snapshot(name="the list of files")
    for path, text in library_files.items():
        assert text == snapshot(name=path)


def test_the_committed_output_is_what_the_spec_generates_and_nothing_else():
    files = generated_files(compile_spec(REPOSITORY / "spec" / "retell_ai"))

    assert output_folder.difference(files, REPOSITORY / "generated" / "retell_ai") == ""
