"""Contacts: imports from a file, tags, and the calls and chats that count for them."""

import json
from pathlib import Path

import httpx
import pytest

from tool_runtime.sandbox import Sandbox

REGISTRY = json.loads((Path(__file__).parents[3] / "generated" / "retell_ai" / "registry.json").read_bytes())
TABLE = (
    "\ufeffMobile;ignored,First,Last,Opt out,Tier\r\n"
    '"(415) 555-0110",Grace,"Hopper, Dr.",yes,gold\r\n'
    "+14155550123,Alan,,,\r\n"
    "not a number,Nobody,,,\r\n"
    "1-415-555-0111,Edsger,Dijkstra,no,silver\r\n"
)
COLUMNS = {
    "Mobile;ignored": "phone_number",
    "First": "first_name",
    "Last": "last_name",
    "Opt out": "do_not_call",
    "Tier": "tier",
    "No such column": "contact_memory",
}
MAPPING = [{"external_field_name": old, "field_name": new} for old, new in COLUMNS.items()]


@pytest.fixture
def sandbox():
    return Sandbox(REGISTRY, examples=True, latency=0)


@pytest.fixture
def api(sandbox):
    headers = {"Authorization": "Bearer key_x"}
    with httpx.Client(transport=sandbox.transport, base_url="https://api.retellai.com", headers=headers) as client:
        yield client


def by_phone(api, number):
    return api.get(f"/get-contact-by-phone/{number}")


@pytest.fixture
def bring(api, sandbox):
    def bring(table=TABLE, mapping=MAPPING, **more):
        uploaded = api.post("/upload-contact-import-file", files={"file": ("people.csv", table.encode())}).json()
        body = {"upload_id": uploaded["upload_id"], "column_mapping": mapping, **more}
        started = api.post("/create-contact-import", json=body)
        sandbox.clock.sleep(11)
        return started

    return bring


class TestImports:
    def test_rows_make_contacts_and_change_those_with_their_number(self, api, bring):
        assert bring().json()["status"] == "queued"
        job = api.get("/get-contact-import").json()
        assert (job["status"], job["succeeded"], job["failed"]) == ("idle", 3, 1)
        grace = by_phone(api, "+14155550110").json()
        assert (grace["first_name"], grace["last_name"], grace["do_not_call"]) == ("Grace", "Hopper, Dr.", True)
        assert grace["custom_fields"] == {"tier": "gold"}
        assert by_phone(api, "+14155550111").json()["do_not_call"] is False
        known = by_phone(api, "+14155550123").json()
        assert (known["contact_id"], known["first_name"], known["last_name"]) == ("contact_123", "Alan", "Hopper")
        assert api.post("/list-contacts", json={"search_query": "nobody"}).json()["items"] == []

    def test_nothing_is_there_before_the_import_is_done(self, api, sandbox, bring):
        sandbox.clock.sleep(0)
        uploaded = api.post("/upload-contact-import-file", files={"file": ("people.csv", TABLE)}).json()
        api.post("/create-contact-import", json={"upload_id": uploaded["upload_id"], "column_mapping": MAPPING})
        sandbox.clock.sleep(5)
        assert api.get("/get-contact-import").json()["status"] == "running"
        assert by_phone(api, "+14155550110").status_code == 422

    def test_tags_are_made_once_and_given_to_every_contact_of_the_file(self, api, bring):
        bring(contact_tags=["fair", "spring"])
        tags = api.get("/get-crm-config").json()["contact_tags"]
        assert [one["label"] for one in tags] == ["fair", "spring"]
        assert all(len(one["id"]) == 32 for one in tags)
        assert by_phone(api, "+14155550111").json()["contact_tags"] == tags
        bring(contact_tags=["fair"])
        assert api.get("/get-crm-config").json()["contact_tags"] == tags
        assert [one["label"] for one in by_phone(api, "+14155550111").json()["contact_tags"]] == ["fair"]

    def test_numbers_of_other_countries_need_their_code(self, api, bring):
        bring(default_country="DE")
        assert api.get("/get-contact-import").json()["failed"] == 3

    @pytest.mark.parametrize("mapping", [MAPPING[1:], [*MAPPING, {**MAPPING[1], "field_name": "phone_number"}]])
    def test_exactly_one_column_becomes_the_number(self, bring, mapping):
        refused = bring(mapping=mapping)
        assert (refused.status_code, "phone_number" in refused.json()["message"]) == (400, True)

    @pytest.mark.parametrize("table", ["", "Mobile\n", "\0", '"open\n', "Mobile,First\n" + "x" * 200_000])
    def test_a_table_that_cannot_be_read_imports_nothing(self, api, bring, table):
        assert bring(table=table).status_code == 200
        assert api.get("/get-contact-import").json()["succeeded"] == 0


class TestContacts:
    def test_a_number_has_one_contact_at_most(self, api):
        assert api.post("/create-contact", json={"phone_number": "+14155550123"}).status_code == 409
        made = api.post("/create-contact", json={"phone_number": "+14155550124"}).json()
        assert by_phone(api, "+14155550124").json()["contact_id"] == made["contact_id"]

    def test_tags_are_those_of_the_account(self, api):
        tags = [{"id": "0" * 31 + "1", "label": "fair"}, {"id": "0" * 31 + "2", "label": "spring"}]
        api.post("/update-crm-config", json={"contact_tags": tags})
        ids = {"contact_tag_ids": [tags[1]["id"]]}
        assert api.patch("/update-contact/contact_123", json=ids).json()["contact_tags"] == [tags[1]]
        found = api.patch("/update-contact/contact_123", json={"first_name": "Ada"}).json()
        assert found["contact_tags"] == [tags[1]]
        assert api.patch("/update-contact/contact_123", json={"contact_tag_ids": []}).json()["contact_tags"] == []

    def test_calls_and_chats_with_the_number_are_its_conversations(self, api, sandbox):
        body = {"from_number": "+14155550100", "to_number": "+14155550123"}
        call = api.post("/v2/create-phone-call", json=body).json()["call_id"]
        chat = api.post("/create-sms-chat", json=body).json()["chat_id"]
        inbound = sandbox.intervene("call", "", "incoming", from_number="+14155550123", to_number="+14155550100")[
            "call_id"
        ]
        sandbox.clock.sleep(100)
        rows = api.get("/list-contact-conversations/contact_123").json()["items"]
        assert {row.get("call_id") or row["chat_id"]: row["direction"] for row in rows} == {
            call: "outbound",
            chat: "outbound",
            inbound: "inbound",
        }
        assert next(row for row in rows if row.get("call_id") == call)["disconnection_reason"] == "user_hangup"
        contact = api.get("/get-contact/contact_123").json()
        assert contact["conversation_count"] == 2 + 3
        api.delete(f"/v2/delete-call/{call}")
        page = api.get("/list-contact-conversations/contact_123", params={"limit": 1}).json()
        assert (len(page["items"]), page["has_more"]) == (1, True)
        following = {"limit": 1, "pagination_key": page["pagination_key"]}
        assert api.get("/list-contact-conversations/contact_123", params=following).json()["has_more"] is False

    def test_an_unknown_contact_has_no_list(self, api):
        assert api.get("/list-contact-conversations/contact_nobody").status_code == 422


def test_what_names_an_agent_needs_the_agent(api):
    messages = {"messages": [{"role": "user", "content": "Hi"}]}
    answer = api.post("/agent-playground-completion/agent_123", json=messages)
    assert (answer.status_code, "Hi" in answer.json()["messages"][0]["content"]) == (200, True)
    assert api.post("/agent-playground-completion/agent_nobody", json=messages).status_code == 422
    assert api.get("/get-mcp-tools/agent_nobody", params={"mcp_id": "mcp_1"}).status_code == 422
    assert api.get("/list-app-usages/app_nobody").status_code == 422
