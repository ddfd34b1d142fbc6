import copy
import json
import shutil

import httpx
import pytest

from tool_runtime.errors import ConfigurationError
from tool_runtime.sandbox import Sandbox
from tool_runtime.sandbox.saved_state import StateFile


def client_of(sandbox):
    return httpx.Client(
        transport=sandbox.transport, base_url="https://library.example/api/v1", headers={"X-API-Key": "card_1"}
    )


@pytest.fixture
def lent(api, books):
    return api.post("/loans", json={"book_id": books[0], "token": "once"}).json()["loan_id"]


def test_an_exported_state_goes_on_in_another_sandbox(document, sandbox, lent):
    sandbox.clock.sleep(5)
    state = json.loads(json.dumps(sandbox.export_state()))
    other = Sandbox(document, latency=0)
    other.import_state(state)
    assert other.records("book") == sandbox.records("book")
    assert other.records("loan")[0]["state"] == "asked"
    other.clock.sleep(5)
    assert other.records("loan")[0]["state"] == "out"
    with client_of(other) as api:
        assert api.post("/books", json={"title": "T"}).json()["book_id"] == "book_000000000008"
        again = api.post("/loans", json={"book_id": "book_000000000001", "token": "once"})
        assert again.json()["loan_id"] == lent


def test_two_sandboxes_share_nothing(document, sandbox, books):
    assert Sandbox(document).records("book") == []
    state = sandbox.export_state()
    state["records"].clear()
    assert len(sandbox.records("book")) == 7


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        [],
        None,
        {"sandbox_state": 99},
        {"sandbox_state": 1, "records": [{"resource": "film"}]},
        {"sandbox_state": 1, "records": [{"resource": "book"}]},
        {"sandbox_state": 1, "records": [{"resource": "book", "id": "1", "record": 5, "sequence": 1, "since": 1}]},
    ],
)
def test_what_is_no_state_is_refused_and_changes_nothing(sandbox, books, wrong):
    before = copy.deepcopy(sandbox.records("book"))
    with pytest.raises(ConfigurationError):
        sandbox.import_state(wrong)
    assert sandbox.records("book") == before


def test_a_reset_goes_back_to_the_start(sandbox, api, books):
    sandbox.fail("get_book")
    sandbox.reset()
    assert (sandbox.records("book"), sandbox.requests, sandbox.waiting_failures) == ([], [], 0)
    assert api.post("/books", json={"title": "T"}).json()["book_id"] == "book_000000000001"


def test_a_seed_adds_records(sandbox):
    sandbox.seed({"book": [{"book_id": "b1", "title": "T"}, {"book_id": "b2", "title": "U"}]})
    assert [one["book_id"] for one in sandbox.records("book")] == ["b1", "b2"]
    with pytest.raises(ConfigurationError, match="film"):
        sandbox.seed({"film": []})
    with pytest.raises(ConfigurationError, match="list of records"):
        sandbox.seed({"book": {"book_id": "b1"}})


def followed(sandbox, path):
    file = StateFile(path, sandbox.keeper)
    if file.is_new:
        file.write_all()
    else:
        sandbox.import_state(file.read())
    file.flush()
    sandbox.engine.before_reply.append(file.flush)
    return file


def test_a_file_holds_each_change_before_its_answer(document, tmp_path):
    sandbox = Sandbox(document, latency=0)
    followed(sandbox, tmp_path / "state.db")
    with client_of(sandbox) as api:
        first = api.post("/books", json={"title": "T"}).json()["book_id"]
        second = api.post("/books", json={"title": "U"}).json()["book_id"]
        api.patch(f"/books/{first}", json={"title": "New"})
        api.delete(f"/books/{second}")
        loan = api.post("/loans", json={"book_id": first, "token": "once"}).json()["loan_id"]
    # Nobody closes the file: what lies there now is what a killed process leaves.
    (tmp_path / "left").mkdir()
    for path in tmp_path.glob("state.db*"):
        shutil.copy(path, tmp_path / "left")
    reopened = Sandbox(document, latency=0)
    followed(reopened, tmp_path / "left" / "state.db")
    assert [(one["book_id"], one["title"]) for one in reopened.records("book")] == [(first, "New")]
    with client_of(reopened) as api:
        assert api.post("/loans", json={"book_id": first, "token": "once"}).json()["loan_id"] == loan
        assert api.post("/books", json={"title": "V"}).json()["book_id"] == "book_000000000003"


def test_a_file_of_another_kind_is_refused_and_left_alone(document, tmp_path):
    path = tmp_path / "letter.txt"
    path.write_text("Dear reader, this is no database, and long enough to look like none.\n" * 20)
    with pytest.raises(ConfigurationError, match="no state of a sandbox"):
        StateFile(path, Sandbox(document).keeper)
    assert path.read_text().startswith("Dear reader")
