"""Records as files: nothing is lost on the way there and back, and nothing is overwritten that somebody changed."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import retell_ai
from tool_runtime.accounts.memory_ledger import MemoryLedger
from tool_runtime.core.registry import load_registry
from tool_runtime.core.tools import SyncKind
from tool_runtime.errors import InvalidArguments, OutcomeUnknown, UsageError
from tool_runtime.sandbox import Sandbox
from tool_runtime.surfaces.cli import sync_view
from tool_runtime.surfaces.cli.sync_changes import Change, Comparison, changes, same
from tool_runtime.surfaces.cli.sync_files import CREATE_KEY, PENDING, PULLED, RECORD, Records, folder_name
from tool_runtime.surfaces.cli.sync_work import Standing, Sync, find_kind
from tool_runtime.surfaces.common.client import Client

REGISTRY = load_registry(Path(retell_ai.__file__).with_name("registry.json"))
KIND = SyncKind("things", "Things.", "id", "list", "get", "update", texts=("prompt", "states.*.text"))
TEXT = st.text(max_size=40)
VALUES = st.recursive(st.none() | st.booleans() | st.integers() | TEXT, lambda inner: st.lists(inner, max_size=3))
RECORDS = st.fixed_dictionaries(
    {"id": st.text(min_size=1, max_size=12)},
    optional={
        "prompt": TEXT | st.none() | st.integers(),
        "states": st.lists(st.fixed_dictionaries({"name": TEXT, "text": TEXT}), max_size=3),
        "other": VALUES,
    },
)


@pytest.fixture
def client():
    with Client(registry=REGISTRY, sandbox=Sandbox(REGISTRY, examples=True), ledger=MemoryLedger()) as made:
        yield made


@pytest.fixture
def llms(client, tmp_path):
    sync = Sync(client, REGISTRY.sync["llms"], tmp_path)
    list(sync.pull([], overwrite=False))
    return sync


def edit(sync, name, **fields):
    path = sync.records.by_id()[name].folder / RECORD
    record = json.loads(path.read_text())
    path.write_text(json.dumps({**record, **fields}))
    return path


def states(sync):
    return {standing.name: standing.state for standing in sync.standings([], listed=True)}


@given(record=RECORDS)
def test_a_record_comes_back_from_its_files_as_it_was(record, tmp_path_factory):
    records = Records(tmp_path_factory.mktemp("records"), KIND)
    records.write(record)
    (kept,) = records
    assert same(kept.record, record)
    assert same(kept.pulled, record)


@given(name=st.text(min_size=1, max_size=30))
def test_no_id_leads_out_of_the_folder(name):
    made = folder_name(name)
    assert made
    assert not made.startswith(".")
    assert not set(made) & set("/\\:\0")


@pytest.mark.parametrize("kind", list(REGISTRY.sync))
def test_what_was_pulled_is_the_same_on_both_sides(kind, client, tmp_path):
    sync = Sync(client, REGISTRY.sync[kind], tmp_path)
    pulled = list(sync.pull([], overwrite=False))
    assert pulled
    assert set(states(sync).values()) == {"same"}


def test_a_long_text_is_a_file_of_its_own(llms):
    (folder,) = (kept.folder for kept in llms.records if kept.record["llm_id"] == "llm_123")
    assert (folder / "general_prompt.md").read_text() == llms.get("llm_123")["general_prompt"] + "\n"


def test_an_edited_text_is_pushed_and_nothing_else(llms, client):
    folder = llms.records.by_id()["llm_123"].folder
    (folder / "general_prompt.md").write_text("Be brief.\n")
    (push,) = llms.plan([], overwrite=False)
    assert push.arguments == {"llm_id": "llm_123", "general_prompt": "Be brief."}
    llms.push(push)
    assert client.call("get_llm", {"llm_id": "llm_123"})["general_prompt"] == "Be brief."
    assert set(states(llms).values()) == {"same"}


def test_a_field_that_both_sides_changed_is_a_conflict_and_nothing_is_sent(llms, client):
    edit(llms, "llm_123", model="gpt-4.1-mini")
    client.call("update_retell_llm", {"llm_id": "llm_123", "model": "gpt-5"})
    assert states(llms)["llm_123"] == "conflict"
    with pytest.raises(UsageError, match="model"):
        llms.plan([], overwrite=False)
    assert client.call("get_llm", {"llm_id": "llm_123"})["model"] == "gpt-5"


def test_overwriting_keeps_the_side_that_was_asked_for(llms, client):
    edit(llms, "llm_123", model="gpt-4.1-mini")
    client.call("update_retell_llm", {"llm_id": "llm_123", "model": "gpt-5"})
    (push,) = llms.plan([], overwrite=True)
    llms.push(push)
    assert client.call("get_llm", {"llm_id": "llm_123"})["model"] == "gpt-4.1-mini"


def test_changes_of_both_sides_in_different_fields_meet(llms, client):
    edit(llms, "llm_123", model="gpt-4.1-mini")
    client.call("update_retell_llm", {"llm_id": "llm_123", "begin_message": "Good day."})
    (push,) = llms.plan([], overwrite=False)
    llms.push(push)
    record = client.call("get_llm", {"llm_id": "llm_123"})
    assert (record["model"], record["begin_message"]) == ("gpt-4.1-mini", "Good day.")
    assert llms.records.by_id()["llm_123"].record["begin_message"] == "Good day."


def test_pulling_keeps_what_was_changed_here(llms):
    path = edit(llms, "llm_123", model="gpt-4.1-mini")
    before = path.read_bytes()
    assert "changed_here" in {standing.state for standing in llms.pull([], overwrite=False)}
    assert path.read_bytes() == before


def test_a_field_that_only_the_api_sets_cannot_be_pushed(llms):
    edit(llms, "llm_123", version=17)
    with pytest.raises(InvalidArguments, match="version"):
        llms.plan([], overwrite=False)


def test_one_record_that_does_not_fit_keeps_all_from_being_sent(llms, client):
    edit(llms, "llm_123", model="gpt-4.1-mini")
    edit(llms, "llm_456", model_temperature="warm")
    with pytest.raises(InvalidArguments, match="model_temperature"):
        llms.plan([], overwrite=False)
    assert client.call("get_llm", {"llm_id": "llm_123"})["model"] != "gpt-4.1-mini"


def test_a_record_without_an_id_is_created_in_its_own_folder(llms, client):
    folder = llms.records.root / "receptionist"
    folder.mkdir()
    (folder / RECORD).write_text('{"general_prompt": "You greet people.", "model": "gpt-4.1"}')
    (push,) = llms.plan([], overwrite=False)
    made = llms.push(push)
    assert client.call("get_llm", {"llm_id": made["llm_id"]})["general_prompt"] == "You greet people."
    assert json.loads((folder / RECORD).read_text())["llm_id"] == made["llm_id"]
    assert set(states(llms).values()) == {"same"}


def test_a_creation_whose_answer_was_lost_is_not_done_twice(llms, client):
    folder = llms.records.root / "receptionist"
    folder.mkdir()
    (folder / RECORD).write_text('{"general_prompt": "You greet people.", "model": "gpt-4.1"}')
    before = len(client.sandbox.records("retell_llm"))
    client.sandbox.fail("create_retell_llm", "lose_answer")
    for _ in range(2):
        (push,) = llms.plan([], overwrite=False)
        with pytest.raises(OutcomeUnknown):
            llms.push(push)
    assert len(client.sandbox.records("retell_llm")) == before + 1


def test_a_record_that_is_gone_is_said_to_be_gone(llms):
    folder = llms.records.by_id()["llm_123"].folder
    record = json.loads((folder / RECORD).read_text()) | {"llm_id": "llm_gone"}
    (folder / RECORD).write_text(json.dumps(record))
    with pytest.raises(UsageError, match="llm_gone"):
        llms.plan([], overwrite=False)


def test_a_write_that_was_cut_off_is_finished_by_the_next_reader(llms):
    folder = llms.records.by_id()["llm_123"].folder
    record = {**llms.records.by_id()["llm_123"].record, "general_prompt": "New."}
    (folder / PENDING).write_text(json.dumps(record))
    (folder / "general_prompt.md").write_text("Half")
    kept = llms.records.by_id()["llm_123"]
    assert kept.record["general_prompt"] == "New."
    assert json.loads((folder / PULLED).read_text())["general_prompt"] == "New."
    assert not (folder / PENDING).exists()


def test_files_of_somebody_else_stay_in_the_folder(llms):
    folder = llms.records.by_id()["llm_123"].folder
    (folder / "notes.txt").write_text("mine")
    list(llms.pull([], overwrite=True))
    assert (folder / "notes.txt").read_text() == "mine"


def test_a_text_file_outside_the_folder_is_refused(llms):
    edit(llms, "llm_123", general_prompt={"$text": "../../secret.md"})
    with pytest.raises(UsageError, match="not the name of a text file"):
        llms.records.by_id()


def test_two_folders_of_one_id_are_refused(llms):
    first = llms.records.by_id()["llm_123"].folder
    copy = first.with_name("copy")
    copy.mkdir()
    (copy / RECORD).write_bytes((first / RECORD).read_bytes())
    for path in first.glob("*.md"):
        (copy / path.name).write_bytes(path.read_bytes())
    with pytest.raises(UsageError, match="same llm_id"):
        llms.records.by_id()


def copied(folder, name, without):
    """Copy a record's folder with all its files, and take fields out of the copy's record."""
    copy = Path(shutil.copytree(folder, folder.with_name(name)))
    record = json.loads((copy / RECORD).read_text())
    (copy / RECORD).write_text(json.dumps({key: value for key, value in record.items() if key not in without}))
    return copy


@pytest.mark.parametrize("kind", [name for name, kind in REGISTRY.sync.items() if kind.create])
def test_a_copy_without_the_id_is_created_like_the_first_one(kind, client, tmp_path):
    sync = Sync(client, REGISTRY.sync[kind], tmp_path)
    list(sync.pull([], overwrite=False))
    first = next(iter(sync.records))
    copied(first.folder, "twin", {sync.kind.id})
    (push,) = sync.plan([], overwrite=False)
    made = sync.push(push)
    assert made[sync.kind.id] != first.record[sync.kind.id]
    settable = {parameter.wire for parameter in REGISTRY.resolve(sync.kind.create).parameters.values()}
    assert not {change.path for change in changes(first.record, made)} & settable
    assert set(states(sync).values()) == {"same"}


def test_a_slip_in_the_name_of_a_field_keeps_a_new_record_from_being_made(llms):
    copy = copied(llms.records.by_id()["llm_123"].folder, "twin", {"llm_id"})
    record = json.loads((copy / RECORD).read_text())
    (copy / RECORD).write_text(json.dumps(record | {"model_temprature": 1}))
    with pytest.raises(InvalidArguments, match="model_temprature"):
        llms.plan([], overwrite=False)


def test_a_pulled_record_takes_no_folder_of_another_record(llms):
    first = llms.records.by_id()["llm_123"].folder
    shutil.rmtree(llms.records.by_id()["llm_456"].folder)
    first.rename(first.with_name("llm_456"))
    list(llms.pull([], overwrite=True))
    assert llms.records.by_id().keys() == {"llm_123", "llm_456"}
    assert llms.records.by_id()["llm_123"].folder.name == "llm_456"


def test_a_pull_names_the_files_whose_record_is_gone(llms, client):
    made = client.call("create_retell_llm", {"general_prompt": "Be brief."})["llm_id"]
    list(llms.pull([], overwrite=False))
    client.call("delete_retell_llm", {"llm_id": made})
    assert {one.name: one.state for one in llms.pull([], overwrite=False)}[made] == "gone_there"
    assert made in llms.records.by_id()


def test_lines_that_end_as_on_windows_change_no_text(llms):
    path = llms.records.by_id()["llm_123"].folder / "general_prompt.md"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    assert states(llms)["llm_123"] == "same"


@pytest.mark.parametrize("name", ["nul", "CON", "aux.1", "com1", "ends.", "ends ", "a" * 300, "\u00e9" * 90])
def test_the_name_of_a_folder_is_one_that_every_system_takes(name):
    made = folder_name(name)
    assert made.partition(".")[0].casefold() not in {"nul", "con", "aux", "com1"}
    assert not made.endswith((".", " "))
    assert len(made.encode()) < 200
    assert made != folder_name(f"{name}x")


def test_a_push_that_was_killed_before_its_files_were_written_is_not_sent_again(llms, client):
    edit(llms, "llm_123", model="gpt-4.1-mini")
    client.call("update_retell_llm", {"llm_id": "llm_123", "model": "gpt-4.1-mini"})
    assert llms.plan([], overwrite=False) == []
    list(llms.pull([], overwrite=False))
    assert set(states(llms).values()) == {"same"}


def test_what_a_cut_push_brought_to_the_api_is_no_change_of_somebody_else(llms, client):
    edit(llms, "llm_123", model="gpt-4.1-mini")
    client.sandbox.fail("update_retell_llm", "lose_answer")
    with pytest.raises(OutcomeUnknown):
        llms.push(*llms.plan([], overwrite=False))
    edit(llms, "llm_123", model="gpt-4.1")
    (push,) = llms.plan([], overwrite=False)
    assert dict(push.arguments) == {"llm_id": "llm_123", "model": "gpt-4.1"}
    assert llms.push(push)["model"] == "gpt-4.1"
    assert set(states(llms).values()) == {"same"}


def test_what_somebody_changed_after_a_cut_push_is_a_conflict(llms, client):
    edit(llms, "llm_123", model="gpt-4.1-mini")
    client.sandbox.fail("update_retell_llm", "lose_answer")
    with pytest.raises(OutcomeUnknown):
        llms.push(*llms.plan([], overwrite=False))
    client.call("update_retell_llm", {"llm_id": "llm_123", "model": "gpt-5"})
    with pytest.raises(UsageError, match="changed here and in the API"):
        llms.plan([], overwrite=False)


def test_a_creation_that_was_killed_before_its_files_were_written_is_not_done_twice(llms, client):
    folder = llms.records.root / "receptionist"
    folder.mkdir()
    (folder / RECORD).write_text('{"general_prompt": "You greet people.", "model": "gpt-4.1"}')
    (push,) = llms.plan([], overwrite=False)
    as_before = Path(shutil.copytree(folder, folder.parent.parent / "as-before"))
    made = llms.push(push)
    key = next(row for row in client.ledger.find() if row.intent.tool == "create_retell_llm").intent.idempotency_key
    shutil.rmtree(folder)
    shutil.copytree(as_before, folder)
    (folder / CREATE_KEY).write_text(key)
    (push,) = llms.plan([], overwrite=False)
    assert llms.push(push)["llm_id"] == made["llm_id"]
    assert len(client.sandbox.records("retell_llm")) == 3


def test_a_record_that_changed_after_the_plan_was_made_is_not_pushed(llms, client):
    edit(llms, "llm_123", model="gpt-4.1-mini")
    (push,) = llms.plan([], overwrite=False)
    client.call("update_retell_llm", {"llm_id": "llm_123", "model": "gpt-5"})
    with pytest.raises(UsageError, match=r"since the plan was made: .*model"):
        llms.push(push)
    assert client.call("get_llm", {"llm_id": "llm_123"})["model"] == "gpt-5"


def test_a_key_that_stands_twice_in_a_record_is_refused(llms):
    path = edit(llms, "llm_123")
    path.write_text(path.read_text()[:-1] + ', "model": "gpt-5"}')
    with pytest.raises(UsageError, match="'model' twice"):
        llms.plan([], overwrite=False)


def test_changes_name_each_field_that_differs():
    before = {"a": 1, "b": {"c": [1, 2]}, "d": True}
    after = {"a": 1, "b": {"c": [1, 3]}, "e": None, "d": 1}
    assert [(change.path, change.kind) for change in changes(before, after)] == [
        ("b.c[1]", "changed"),
        ("d", "changed"),
        ("e", "added"),
    ]
    assert Change(("states", 0, "text"), "a", "b").path == "states[0].text"


def test_two_long_values_are_shown_as_the_lines_that_differ(capsys):
    fields = [{"name": name, "description": "What the caller said of the time of the appointment."} for name in "ab"]
    change = Change(("fields",), fields, [*fields, {"name": "c"}])
    sync_view.show([("agents", Standing("agent_1", "changed_here", comparison=Comparison((change,), (), ())))])
    shown = capsys.readouterr().out
    assert '+    "name": "c"' in shown
    assert '"name": "a"' not in shown


def test_an_unknown_kind_names_the_nearest():
    with pytest.raises(UsageError, match="there is no kind") as caught:
        find_kind(REGISTRY.sync, "lms")
    assert "llms" in caught.value.hint


@pytest.fixture
def shell(tmp_path):
    own = {name: value for name, value in os.environ.items() if not name.startswith("RETELL_")}
    own |= {
        "RETELL_SANDBOX": "1",
        "XDG_STATE_HOME": str(tmp_path / "state"),
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
    }

    def run(*words):
        command = [sys.executable, "-m", "retell_ai", *words]
        return subprocess.run(
            command, env=own, cwd=tmp_path, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
        )

    return run


def test_from_a_shell_a_push_needs_a_yes_and_pushes_once(shell, tmp_path):
    assert shell("sync", "pull", "llms").returncode == 0
    prompt = tmp_path / "retell-ai" / "llms" / "llm_123" / "general_prompt.md"
    prompt.write_text("Be brief.\n")
    differs = shell("sync", "diff")
    assert "Be brief." in differs.stdout
    refused = shell("sync", "push", "llms", "--json")
    assert refused.returncode == 7
    assert json.loads(refused.stdout)["error"]["outcome"] == "not_sent"
    planned = shell("sync", "push", "llms", "--dry-run", "--json")
    assert [entry["fields"] for entry in json.loads(planned.stdout)["data"]] == [["general_prompt"]]
    pushed = shell("sync", "push", "llms", "--yes", "--json")
    assert pushed.returncode == 0
    assert [entry["id"] for entry in json.loads(pushed.stdout)["data"]] == ["llm_123"]
