"""The sandbox beside the API that it stands in for: kinds of things that made-up answers get wrong."""

import json
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from tool_runtime.sandbox import Sandbox

REGISTRY = json.loads((Path(__file__).parents[3] / "generated" / "retell_ai" / "registry.json").read_bytes())
FROM, TO = "+14155550100", "+14155550199"
IMPORTED = {"phone_number": "+14155550170", "termination_uri": "x.example.com"}
NUMBERS = {"from_number": FROM, "to_number": TO}


@pytest.fixture
def sandbox():
    return Sandbox(REGISTRY, examples=True)


@pytest.fixture
def api(sandbox):
    headers = {"Authorization": "Bearer key_x"}
    with httpx.Client(transport=sandbox.transport, base_url="https://api.retellai.com", headers=headers) as client:
        yield client


def after(sandbox, seconds, resource, record_id):
    sandbox.clock.sleep(seconds)
    return next(one for one in sandbox.records(resource) if record_id in one.values())


def test_a_call_needs_no_agent_where_the_number_has_one(api):
    made = api.post("/v2/create-phone-call", json=NUMBERS)
    assert (made.status_code, made.json()["agent_id"]) == (201, "agent_123")
    refused = api.post("/v2/create-phone-call", json={**NUMBERS, "from_number": "+14155550101"})
    assert refused.status_code == 422


def test_the_document_asks_for_what_the_wire_asks_for():
    document = json.loads((Path(__file__).parents[3] / "generated" / "retell_ai" / "openapi.json").read_bytes())
    body = document["paths"]["/v2/create-phone-call"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert body["required"] == ["from_number", "to_number"]
    assert REGISTRY["tools"]["create_phone_call"]["parameters"]["agent_id"]["required"] is True


class TestVersions:
    def test_each_version_stays_as_it_was(self, api):
        api.post("/publish-agent-version/agent_123", json={"version": 0})
        draft = api.post("/create-agent-version/agent_123", json={"base_version": 0}).json()
        api.patch("/update-agent/agent_123", json={"agent_name": "Draft"})
        assert (draft["version"], draft["base_version"], draft["is_published"]) == (1, 0, False)
        names = {
            version: api.get("/get-agent/agent_123", params={"version": version}).json()["agent_name"]
            for version in ("0", "1", "latest", "latest_published")
        }
        assert names == {
            "0": "Scheduling Agent",
            "1": "Draft",
            "latest": "Draft",
            "latest_published": "Scheduling Agent",
        }
        listed = api.get("/list-agent-versions/agent_123").json()["items"]
        assert [(one["version"], one["is_published"]) for one in listed] == [(1, False), (0, True)]

    def test_a_published_version_refuses_changes_and_its_llm_too(self, api):
        api.post("/publish-agent-version/agent_123", json={"version": 0})
        assert api.patch("/update-agent/agent_123", json={"agent_name": "X"}).status_code == 400
        assert api.post("/publish-agent-version/agent_123", json={"version": 0}).status_code == 400
        assert api.patch("/update-retell-llm/llm_456", json={"general_prompt": "X"}).status_code == 400
        api.post("/create-agent-version/agent_123", json={"base_version": 0})
        assert api.patch("/update-retell-llm/llm_456", json={"general_prompt": "X"}).json()["version"] == 1
        assert api.get("/get-retell-llm/llm_456?version=0").json()["general_prompt"].startswith("You are")

    def test_a_tag_names_a_version(self, api):
        assert api.get("/get-chat-agent/chat_agent_456?version=production").json()["version"] == 0

    @pytest.mark.parametrize(
        "request_of",
        [
            lambda api: api.get("/get-agent/agent_123?version=7"),
            lambda api: api.get("/get-agent/agent_123?version=no_such_tag"),
            lambda api: api.get("/get-agent/agent_123?version=latest_published"),
            lambda api: api.patch("/update-agent/agent_123?version=7", json={"agent_name": "X"}),
            lambda api: api.post("/create-agent-version/agent_123", json={"base_version": 55}),
            lambda api: api.post("/publish-agent-version/agent_123", json={"version": 9}),
            lambda api: api.delete("/delete-agent-version/agent_123?version=999"),
            lambda api: api.delete("/delete-agent-version/agent_123?version=0"),
            lambda api: api.post("/v2/create-phone-call", json={**NUMBERS, "override_agent_version": 77}),
            lambda api: api.post("/v3/create-web-call", json={"agent_id": "agent_123", "agent_version": "beta"}),
        ],
    )
    def test_an_unknown_version_is_refused(self, api, request_of):
        assert request_of(api).status_code in {400, 404, 422}

    def test_a_deleted_version_is_gone_and_its_number_is_not_given_again(self, api):
        api.post("/create-agent-version/agent_123", json={"base_version": 0})
        assert api.delete("/delete-agent-version/agent_123?version=1").status_code == 204
        assert api.get("/get-agent/agent_123").json()["version"] == 0
        assert api.post("/create-agent-version/agent_123", json={"base_version": 0}).json()["version"] == 2

    def test_versions_come_page_by_page(self, api):
        for _ in range(4):
            api.post("/create-agent-version/agent_123", json={"base_version": 0})
        seen, key = [], None
        while True:
            query = {"limit": 2, **({"pagination_key": key} if key else {})}
            page = api.get("/list-agent-versions/agent_123", params=query).json()
            seen += [one["version"] for one in page["items"]]
            key = page.get("pagination_key")
            if not page["has_more"]:
                break
        assert seen == [4, 3, 2, 1, 0]


TASKS = [{"to_number": TO, "metadata": {"n": 1}}, {"to_number": "+14155550161"}]


class TestBatches:
    def calls(self, sandbox, batch):
        return [one for one in sandbox.records("call") if one.get("batch_call_id") == batch["batch_call_id"]]

    def test_a_batch_places_its_calls_and_counts_them(self, api, sandbox):
        batch = api.post("/create-batch-call", json={"from_number": FROM, "tasks": TASKS}).json()
        assert batch["total_task_count"] == 2
        sandbox.clock.sleep(1)
        placed = self.calls(sandbox, batch)
        assert [(one["to_number"], one.get("metadata"), one["agent_id"]) for one in placed] == [
            (TO, {"n": 1}, "agent_123"),
            ("+14155550161", None, "agent_123"),
        ]

    def test_a_batch_waits_for_its_time(self, api, sandbox):
        at = (sandbox.clock.microseconds() // 1_000_000 + 600) * 1000
        body = {"from_number": FROM, "tasks": TASKS, "trigger_timestamp": at}
        batch = api.post("/create-batch-call", json=body).json()
        sandbox.clock.sleep(598)
        assert self.calls(sandbox, batch) == []
        sandbox.clock.sleep(3)
        assert len(self.calls(sandbox, batch)) == 2

    @pytest.mark.parametrize(
        ("zone", "day", "opens"),
        [
            # The sandbox begins on a Thursday, at midnight UTC: in New York on Wednesday, at seven in the evening.
            ("America/New_York", None, "2026-01-01T14:00:00Z"),
            ("Etc/UTC", None, "2026-01-01T09:00:00Z"),
            ("Etc/UTC", ["Saturday"], "2026-01-03T09:00:00Z"),
            (None, ["Monday"], "2026-01-05T17:00:00Z"),
        ],
    )
    def test_a_batch_waits_for_its_window(self, api, sandbox, zone, day, opens):
        window = {"windows": [{"start": 540, "end": 1020}], **({"timezone": zone} if zone else {})}
        window |= {"day": day} if day else {}
        body = {"from_number": FROM, "tasks": TASKS, "call_time_window": window}
        batch = api.post("/create-batch-call", json=body).json()
        moment = datetime.fromisoformat(opens).timestamp()
        sandbox.clock.sleep(moment - sandbox.clock.wall() - 1)
        assert self.calls(sandbox, batch) == []
        sandbox.clock.sleep(2)
        assert len(self.calls(sandbox, batch)) == 2

    def test_a_batch_holds_as_many_calls_at_once_as_the_account_may(self, api, sandbox):
        tasks = [{"to_number": "+14155550190"}] * 25
        body = {"from_number": FROM, "tasks": tasks, "reserved_concurrency": 5}
        batch = api.post("/create-batch-call", json=body).json()
        sandbox.clock.sleep(30)
        assert len(self.calls(sandbox, batch)) == 15
        for call in self.calls(sandbox, batch):
            api.post(f"/v2/stop-call/{call['call_id']}")
        sandbox.clock.sleep(5)
        assert len(self.calls(sandbox, batch)) == 25

    @pytest.mark.parametrize(
        "tasks", [[{"to_number": "12"}], [{"to_number": TO, "override_agent_id": "chat_agent_123"}], [{}]]
    )
    def test_a_batch_with_an_impossible_task_places_nothing(self, api, sandbox, tasks):
        refused = api.post("/create-batch-call", json={"from_number": FROM, "tasks": [*TASKS, *tasks]})
        assert refused.status_code in {400, 422}
        sandbox.clock.sleep(60)
        assert [one for one in sandbox.records("call") if "batch_call_id" in one] == []


def test_a_test_batch_holds_a_run_for_each_case(api, sandbox):
    engine = {"type": "retell-llm", "llm_id": "llm_123"}
    ids = []
    for name in ("Greets", "Books, and fails", "It breaks off"):
        body = {"name": name, "response_engine": engine, "user_prompt": "You are Ada.", "metrics": ["Polite."]}
        ids.append(api.post("/create-test-case-definition", json=body).json()["test_case_definition_id"])
    batch = api.post("/create-batch-test", json={"response_engine": engine, "test_case_definition_ids": ids}).json()
    assert (batch["total_count"], batch["status"]) == (3, "in_progress")
    sandbox.clock.sleep(20)
    done = api.get(f"/get-batch-test/{batch['test_case_batch_job_id']}").json()
    counts = [done[name] for name in ("status", "pass_count", "fail_count", "error_count")]
    assert counts == ["complete", 1, 1, 1]
    runs = api.get(f"/v2/list-test-runs/{batch['test_case_batch_job_id']}").json()["items"]
    assert {(one["test_case_definition_snapshot"]["name"], one["status"]) for one in runs} == {
        ("Greets", "pass"),
        ("Books, and fails", "fail"),
        ("It breaks off", "error"),
    }


def test_a_knowledge_base_takes_in_what_was_given_and_loses_what_was_deleted(api, sandbox):
    files = [("knowledge_base_files", (name, b"text", "text/plain")) for name in ("a.txt", "b.txt")]
    fields = {
        "knowledge_base_name": "K",
        "knowledge_base_texts": '[{"title": "t", "text": "x"}]',
        "knowledge_base_urls": '["https://example.com/help"]',
    }
    made = api.post("/create-knowledge-base", data=fields, files=files).json()
    sources = made["knowledge_base_sources"]
    assert [one["type"] for one in sources] == ["text", "url", "document", "document"]
    assert [one.get("filename") for one in sources] == [None, None, "a.txt", "b.txt"]
    assert len({one["source_id"] for one in sources}) == 4
    path = f"/delete-knowledge-base-source/{made['knowledge_base_id']}/source/"
    left = api.delete(path + sources[1]["source_id"]).json()["knowledge_base_sources"]
    assert left == [sources[0], *sources[2:]]
    assert api.delete(path + sources[1]["source_id"]).status_code == 422
    added = api.post(
        f"/add-knowledge-base-sources/{made['knowledge_base_id']}",
        files={"knowledge_base_texts": (None, '[{"title": "u", "text": "y"}]')},
    ).json()
    assert (len(added["knowledge_base_sources"]), added["status"]) == (4, "in_progress")
    assert after(sandbox, 6, "knowledge_base", made["knowledge_base_id"])["status"] == "complete"


class TestNumbers:
    def test_numbers_stay_unique_after_deletions(self, api):
        given = set()
        for _ in range(12):
            number = api.post("/create-phone-number", json={"area_code": 415}).json()["phone_number"]
            assert number not in given
            given.add(number)
            api.delete(f"/delete-phone-number/{number.replace('+', '%2B')}")
        assert FROM not in given

    @pytest.mark.parametrize(
        ("wish", "begins"),
        [
            ({"area_code": 212}, ("+1212",)),
            ({"toll_free": True}, ("+1833", "+1844", "+1855", "+1866", "+1877", "+1888")),
            ({"country_code": "CA"}, ("+1416", "+1604", "+1514", "+1403")),
            ({}, ("+1415",)),
        ],
    )
    def test_a_number_fits_area_code_and_kind(self, api, wish, begins):
        made = api.post("/create-phone-number", json=wish).json()
        assert made["phone_number"].startswith(begins)
        assert made["area_code"] == int(made["phone_number"][2:5])
        assert made["phone_number_pretty"].startswith(f"+1 ({made['area_code']}) 555-01")

    def test_an_area_code_runs_out_of_numbers(self, api):
        answers = [api.post("/create-phone-number", json={"area_code": 999}).status_code for _ in range(101)]
        assert answers == [201] * 100 + [400]

    @pytest.mark.parametrize("weights", [(0.5,), (0.7, 0.7), (1, 1)])
    def test_weights_add_up_to_one(self, api, weights):
        agents = [{"agent_id": "agent_123", "weight": weight} for weight in weights]
        for body in ({"inbound_agents": agents}, {"outbound_agents": agents}):
            assert api.patch("/update-phone-number/%2B14155550100", json=body).status_code == 400
        fits = [{"agent_id": "agent_123", "weight": weight} for weight in (0.1, 0.2, 0.7)]
        assert api.patch("/update-phone-number/%2B14155550100", json={"inbound_agents": fits}).status_code == 200
        assert api.patch("/update-phone-number/%2B14155550100", json={"inbound_agents": None}).status_code == 200


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v2/create-phone-call", {**NUMBERS, "override_agent_id": "chat_agent_123"}),
        ("/v3/create-web-call", {"agent_id": "chat_agent_123"}),
        ("/v2/register-phone-call", {"agent_id": "chat_agent_123"}),
        ("/create-chat", {"agent_id": "agent_123"}),
        ("/create-sms-chat", {**NUMBERS, "override_agent_id": "agent_123"}),
        ("/create-phone-number", {"inbound_agents": [{"agent_id": "chat_agent_123", "weight": 1}]}),
        ("/import-phone-number", {**IMPORTED, "outbound_agents": [{"agent_id": "chat_agent_123", "weight": 1}]}),
    ],
)
def test_chat_and_voice_agents_are_told_apart(api, path, body):
    assert api.post(path, json=body).status_code == 422


@pytest.mark.parametrize(
    ("name", "content", "kind", "stored"),
    [("a.png", b"12345", "image/png", "a.png"), ("hold.mp3", b"ID3", "audio/mpeg", "hold.pcm")],
)
def test_an_asset_tells_what_was_uploaded(api, name, content, kind, stored):
    made = api.post("/create-asset", files={"file": (name, content, kind)}).json()
    assert (made["file_name"], made["content_type"], made["file_size"]) == (stored, kind, len(content))


class TestEnds:
    def test_a_web_call_that_nobody_joins_ends_in_an_error(self, api, sandbox):
        made = api.post("/v3/create-web-call", json={"agent_id": "agent_123"}).json()
        ended = after(sandbox, 60, "call", made["call_id"])
        assert (ended["call_status"], ended["disconnection_reason"]) == ("error", "error_user_not_joined")
        assert "transcript" not in ended

    def test_a_registered_call_that_nobody_dials_times_out(self, api, sandbox):
        made = api.post("/v2/register-phone-call", json={"agent_id": "agent_123"}).json()
        assert after(sandbox, 200, "call", made["call_id"])["call_status"] == "registered"
        assert after(sandbox, 200, "call", made["call_id"])["disconnection_reason"] == "registered_call_timeout"

    def test_a_web_call_that_somebody_joins_goes_on(self, api, sandbox):
        made = api.post("/v3/create-web-call", json={"agent_id": "agent_123"}).json()
        joined = sandbox.intervene("call", made["call_id"], "answer")
        assert joined["call_status"] == "ongoing"

    @pytest.mark.parametrize(
        ("last", "status", "reason"),
        [
            ("0199", "ended", "user_hangup"),
            ("0198", "not_connected", "dial_busy"),
            ("0197", "not_connected", "dial_no_answer"),
            ("0196", "ended", "voicemail_reached"),
            ("0195", "error", "error_no_audio_received"),
            ("0194", "not_connected", "invalid_destination"),
            ("0193", "not_connected", "user_declined"),
            ("0192", "ended", "user_hangup"),
            ("0191", "ended", "call_transfer"),
            ("0190", "ended", "max_duration_reached"),
        ],
    )
    @pytest.mark.parametrize("area", ["415", "212"])
    def test_the_number_decides_how_a_call_goes(self, api, sandbox, last, status, reason, area):
        made = api.post("/v2/create-phone-call", json={**NUMBERS, "to_number": f"+1{area}555{last}"}).json()
        ended = after(sandbox, 4000, "call", made["call_id"])
        assert (ended["call_status"], ended["disconnection_reason"]) == (status, reason)

    def test_some_numbers_fail_the_request_itself(self, api, sandbox):
        def place(last):
            return api.post("/v2/create-phone-call", json={**NUMBERS, "to_number": f"+1415555{last}"})

        assert place("0188").status_code == 500
        assert place("0186").status_code == 402
        limited = place("0187")
        assert (limited.status_code, limited.headers["retry-after"]) == (429, "5")
        assert len(sandbox.records("call")) == 2

    def test_an_answer_that_a_number_loses_can_be_asked_for_with_the_same_key(self, api, sandbox):
        body = {**NUMBERS, "to_number": "+14155550189", "idempotency_key": "once"}
        with pytest.raises(httpx.ReadError):
            api.post("/v2/create-phone-call", json=body)
        made = api.post("/v2/create-phone-call", json=body).json()
        assert [one["call_id"] for one in sandbox.records("call")][-1] == made["call_id"]
        assert len(sandbox.records("call")) == 3


@pytest.mark.parametrize(
    ("field", "wrong", "right"),
    [("voice_speed", 2.5, 2), ("voice_speed", 0.1, 0.5), ("ring_duration_ms", 4999, 5000), ("volume", -1, 0)],
)
def test_documented_limits_are_checked(api, field, wrong, right):
    refused = api.patch("/update-agent/agent_123", json={field: wrong})
    assert (refused.status_code, field in refused.json()["message"]) == (400, True)
    assert api.patch("/update-agent/agent_123", json={field: right}).json()[field] == right


class TestNull:
    def test_null_never_reaches_a_reply_whose_type_has_none(self, api):
        imported = {"phone_number": "+14155550177", "termination_uri": "x.example.com", "transport": None}
        made = api.post("/import-phone-number", json=imported).json()
        assert made["sip_outbound_trunk_config"] == {"termination_uri": "x.example.com"}
        api.patch("/update-agent/agent_123", json={"agent_name": None, "version_title": None})
        assert "agent_name" not in api.post("/v2/register-phone-call", json={"agent_id": "agent_123"}).json()
        versions = api.get("/list-agent-versions/agent_123").json()["items"]
        assert all(value is not None for one in versions for value in one.values())

    def test_a_json_null_is_a_body(self, api):
        refused = api.post("/create-chat", content=b"null", headers={"content-type": "application/json"})
        assert (refused.status_code, "JSON object" in refused.json()["message"]) == (400, True)


class TestInterventions:
    @pytest.fixture
    def call(self, api):
        return api.post("/v2/create-phone-call", json=NUMBERS).json()["call_id"]

    def test_a_tester_answers_talks_and_hangs_up(self, sandbox, call):
        sandbox.intervene("call", call, "answer")
        sandbox.clock.sleep(300)
        said = sandbox.intervene("call", call, "say", text="Is anybody there?")
        assert said["transcript"].endswith("User: Is anybody there?\n")
        ended = sandbox.intervene("call", call, "hang_up")
        assert (ended["call_status"], ended["disconnection_reason"]) == ("ended", "user_hangup")

    def test_somebody_calls_a_number(self, api, sandbox):
        agents = {"inbound_agents": [{"agent_id": "agent_123", "weight": 1}]}
        api.patch("/update-phone-number/%2B14155550100", json=agents)
        came = sandbox.intervene("call", "", "incoming", from_number="+14155550150", to_number=FROM)
        assert (came["direction"], came["agent_id"]) == ("inbound", "agent_123")
        assert after(sandbox, 60, "call", came["call_id"])["call_status"] == "ended"

    def test_a_call_in_another_state_refuses(self, sandbox, call):
        with pytest.raises(Exception, match="only an ongoing call can be hung up"):
            sandbox.intervene("call", call, "hang_up")


def test_times_are_those_of_the_machine_where_the_clock_runs():
    from tool_runtime.sandbox import RunningClock

    clock = RunningClock(60, datetime(2026, 1, 1, tzinfo=UTC), now=iter([0.0, 0.0, 1.0]).__next__)
    assert (clock.iso(), clock.iso()) == ("2026-01-01T00:00:00Z", "2026-01-01T00:01:00Z")


def test_a_voice_agent_answers_no_texts(api):
    body = {"inbound_sms_agents": [{"agent_id": "agent_123", "weight": 1}]}
    assert api.patch("/update-phone-number/+14155550100", json=body).status_code == 422


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PATCH", "/update-agent/agent_123", {"agent_id": "other", "version": 7, "is_published": True}),
        (
            "PATCH",
            "/update-contact/contact_123",
            {"contact_id": "other", "phone_number": "+14155550177", "org_id": "x"},
        ),
        ("PATCH", "/update-phone-number/+14155550100", {"phone_number": "+14155550101", "area_code": 1}),
        ("PATCH", "/v2/update-call/call_123", {"call_id": "other", "call_status": "error", "transcript": "Lies."}),
        ("POST", "/create-retell-llm", {"llm_id": "llm_123", "version": 9, "is_published": True}),
        ("POST", "/create-chat", {"agent_id": "chat_agent_123", "chat_id": "chat_123", "chat_status": "ended"}),
    ],
)
def test_what_only_a_reply_has_changes_nothing_when_sent_back(api, method, path, body):
    with_it = api.request(method, path, json=body)
    assert with_it.is_success
    kept = {name for name, value in body.items() if with_it.json().get(name) == value}
    assert kept <= ({"agent_id"} if path == "/create-chat" else set())


@pytest.mark.parametrize("path", ["/v2/create-phone-call", "/create-sms-chat"])
def test_somebody_who_must_not_be_contacted_is_spared_where_that_is_asked_for(api, path):
    api.patch("/update-contact/contact_123", json={"do_not_call": True})
    body = {"from_number": "+14155550100", "to_number": "+14155550123"}
    assert api.post(path, json={**body, "honor_internal_dnc": True}).status_code == 400
    assert api.post(path, json={**body, "honor_internal_dnc": False}).is_success
    assert api.post(path, json={**body, "to_number": "+14155550124", "honor_internal_dnc": True}).is_success
