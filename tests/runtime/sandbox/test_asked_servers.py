"""What the sandbox asks a user's server: the agent for an inbound contact, and what a custom function gives."""

import json
from pathlib import Path

import httpx
import pytest

from retell_ai import verify_webhook
from tool_runtime.errors import ConfigurationError
from tool_runtime.sandbox import Sandbox

REGISTRY = json.loads((Path(__file__).parents[3] / "generated" / "retell_ai" / "registry.json").read_bytes())
NUMBER, CALLER = "+14155550100", "+14155550199"
HOOK = "http://127.0.0.1:9/inbound"
KEY = "key_hook"


class Receiver:
    """A user's server: `answers` maps an event, or the name of a function, to what is returned or raised."""

    def __init__(self, answers):
        self.answers = answers
        self.requests = []

    def __call__(self, request):
        body = json.loads(request.body) if request.body else {}
        name = body.get("event") or body.get("name") or request.url
        self.requests.append(request)
        answer = self.answers.get(name, 204)
        answer = answer.pop(0) if isinstance(answer, list) else answer
        if isinstance(answer, Exception):
            raise answer
        return answer

    def bodies(self, name):
        bodies = [json.loads(request.body) for request in self.requests if request.body]
        return [body for body in bodies if name in (body.get("event"), body.get("name"))]


@pytest.fixture
def receiver():
    return Receiver({})


@pytest.fixture
def sandbox(receiver):
    return Sandbox(REGISTRY, examples=True, webhook_key=KEY, receiver=receiver)


@pytest.fixture
def api(sandbox):
    headers = {"Authorization": "Bearer key_x"}
    with httpx.Client(transport=sandbox.transport, base_url="https://api.retellai.com", headers=headers) as client:
        yield client


def agent(api, *functions, name="Own", **more):
    llm = api.post("/create-retell-llm", json={"begin_message": "Hello {{name}}!", "general_tools": [*functions]})
    engine = {"type": "retell-llm", "llm_id": llm.json()["llm_id"]}
    fields = {"agent_name": name, "voice_id": "11labs-Adrian", "response_engine": engine, **more}
    return api.post("/create-agent", json=fields).json()["agent_id"]


def custom(name, **more):
    return {"type": "custom", "name": name, "url": f"http://127.0.0.1:9/{name}", **more}


def ring(sandbox):
    return sandbox.intervene("call", "", "incoming", from_number=CALLER, to_number=NUMBER)


def text(sandbox):
    return sandbox.intervene("chat", "", "incoming", from_number=CALLER, to_number=NUMBER, text="Are you open?")


def record(sandbox, resource, record_id):
    return next(one for one in sandbox.records(resource) if record_id in one.values())


def pass_time(sandbox, seconds):
    """Let time pass in steps, as it does on a server, so that repeats go out."""
    for _ in range(20):
        sandbox.clock.sleep(seconds / 20)
        sandbox.advance()


def last(sandbox, event):
    return [one for one in sandbox.deliveries.journal if one.event == event][-1]


class TestInboundCalls:
    @pytest.fixture(autouse=True)
    def number(self, api):
        self.own = agent(api)
        chosen = [{"agent_id": self.own, "weight": 1}]
        assert api.patch(
            f"/update-phone-number/{NUMBER}", json={"inbound_agents": chosen, "inbound_webhook_url": HOOK}
        ).is_success

    def test_the_webhook_is_asked_before_there_is_a_call(self, sandbox, receiver):
        known = len(sandbox.records("call"))
        receiver.answers["call_inbound"] = 200, {"call_inbound": {}}
        ring(sandbox)
        (body,) = receiver.bodies("call_inbound")
        assert body["call_inbound"] == {"agent_id": self.own, "from_number": CALLER, "to_number": NUMBER}
        (request,) = receiver.requests
        verify_webhook(request.body, request.headers["x-retell-signature"], KEY)
        assert (request.url, request.method, request.timeout) == (HOOK, "POST", 10)
        assert len(sandbox.records("call")) == known + 1

    def test_the_answer_names_the_agent_the_variables_and_the_metadata(self, sandbox, api, receiver):
        other = agent(api, name="Other")
        decided = {"override_agent_id": other, "dynamic_variables": {"name": "Ada"}, "metadata": {"order": 7}}
        receiver.answers["call_inbound"] = 200, {"call_inbound": decided}
        call = ring(sandbox)["call_id"]
        sandbox.clock.sleep(5)
        found = api.get(f"/v2/get-call/{call}").json()
        assert (found["agent_id"], found["agent_name"], found["direction"]) == (other, "Other", "inbound")
        assert (found["metadata"], found["retell_llm_dynamic_variables"]) == ({"order": 7}, {"name": "Ada"})
        assert found["transcript"] == "Agent: Hello Ada!\n"

    def test_an_answer_that_names_nobody_leaves_the_call_to_the_numbers_agent(self, sandbox, receiver):
        receiver.answers["call_inbound"] = 200, {"call_inbound": {"metadata": {"a": 1}}}
        call = ring(sandbox)
        assert (call["agent_id"], call["metadata"]) == (self.own, {"a": 1})

    def test_settings_for_this_call_alone_come_with_the_answer(self, sandbox, receiver):
        changed = {"retell_llm": {"begin_message": "Good evening."}, "agent": {"webhook_url": "http://127.0.0.1:9/one"}}
        receiver.answers["call_inbound"] = 200, {"call_inbound": {"agent_override": changed}}
        call = ring(sandbox)["call_id"]
        sandbox.clock.sleep(5)
        sandbox.advance()
        assert record(sandbox, "call", call)["transcript"] == "Agent: Good evening.\n"
        assert last(sandbox, "call_started").url == "http://127.0.0.1:9/one"

    @pytest.mark.parametrize(
        "answer", [500, ConnectionRefusedError("nobody there"), (200, "no JSON"), (200, {"call_inbound": 3})]
    )
    def test_without_an_answer_that_counts_the_numbers_agent_takes_the_call(self, sandbox, receiver, answer):
        receiver.answers["call_inbound"] = answer
        ring(sandbox)
        pass_time(sandbox, 200)
        assert sandbox.records("call")[-1]["agent_id"] == self.own

    def test_a_failed_attempt_is_repeated_while_the_phone_rings(self, sandbox, receiver):
        receiver.answers["call_inbound"] = [500, 503, (200, {"call_inbound": {"metadata": {"try": 3}}})]
        known = len(sandbox.records("call"))
        contact = ring(sandbox)
        assert (contact["state"], len(sandbox.records("call"))) == ("ringing", known)
        pass_time(sandbox, 30)
        assert sandbox.records("call")[-1]["metadata"] == {"try": 3}
        assert [one["status"] for one in last(sandbox, "call_inbound").attempts] == [500, 503, 200]

    def test_an_agent_that_does_not_exist_turns_the_call_away(self, sandbox, receiver):
        receiver.answers["call_inbound"] = 200, {"call_inbound": {"override_agent_id": "agent_nobody"}}
        contact = ring(sandbox)
        assert contact["state"] == "turned_away"
        assert 'No voice agent "agent_nobody"' in contact["reason"]
        assert "turned away" in last(sandbox, "call_inbound").faults[-1]

    def test_a_number_without_an_agent_leaves_the_choice_to_the_webhook(self, sandbox, api, receiver):
        api.patch(f"/update-phone-number/{NUMBER}", json={"inbound_agents": None})
        receiver.answers["call_inbound"] = 200, {"call_inbound": {}}
        assert ring(sandbox)["state"] == "turned_away"
        receiver.answers["call_inbound"] = 200, {"call_inbound": {"override_agent_id": self.own}}
        assert ring(sandbox)["agent_id"] == self.own

    def test_fields_that_mean_nothing_are_noted_with_the_nearest(self, sandbox, receiver):
        receiver.answers["call_inbound"] = 200, {"call_inbound": {"overide_agent_id": self.own}}
        ring(sandbox)
        (fault,) = last(sandbox, "call_inbound").faults
        assert "call_inbound.overide_agent_id" in fault
        assert "did you mean override_agent_id" in fault

    def test_without_a_webhook_and_an_agent_the_caller_is_refused(self, sandbox, api):
        api.patch(f"/update-phone-number/{NUMBER}", json={"inbound_agents": None, "inbound_webhook_url": None})
        with pytest.raises(ConfigurationError, match="no inbound agent"):
            ring(sandbox)

    def test_where_nobody_sends_the_numbers_agent_takes_the_call(self):
        sandbox = Sandbox(REGISTRY, examples=True)
        chosen = {"inbound_agents": [{"agent_id": "agent_123", "weight": 1}], "inbound_webhook_url": HOOK}
        sandbox.put("phone_number", record(sandbox, "phone_number", NUMBER) | chosen)
        assert ring(sandbox)["agent_id"] == "agent_123"
        assert "serve the sandbox" in last(sandbox, "call_inbound").faults[0]


def test_a_text_message_asks_the_webhook_for_texts_and_makes_a_chat(sandbox, api, receiver):
    api.patch(
        f"/update-phone-number/{NUMBER}",
        json={"inbound_sms_agents": [{"agent_id": "chat_agent_123", "weight": 1}], "inbound_sms_webhook_url": HOOK},
    )
    receiver.answers["chat_inbound"] = 200, {"chat_inbound": {"metadata": {"a": 1}}}
    chat = text(sandbox)
    assert (chat["agent_id"], chat["metadata"]) == ("chat_agent_123", {"a": 1})
    found = api.get(f"/get-chat/{chat['chat_id']}").json()
    assert found["transcript"].startswith("User: Are you open?\n")
    again = sandbox.intervene("chat", chat["chat_id"], "say", text="And on Sunday?")
    assert [one["content"] for one in again["message_with_tool_calls"][::2]] == ["Are you open?", "And on Sunday?"]


class TestFunctions:
    def talk(self, api, *functions, to=CALLER, **more):
        made = api.post(
            "/v2/create-phone-call",
            json={
                "from_number": NUMBER,
                "to_number": to,
                "override_agent_id": agent(api, *functions),
                "retell_llm_dynamic_variables": {"name": "Bo"},
                **more,
            },
        )
        return made.json()["call_id"]

    def test_the_request_is_signed_and_holds_name_arguments_and_the_call(self, sandbox, api, receiver):
        parameters = {
            "type": "object",
            "properties": {"date": {"type": "string", "format": "date"}, "guests": {"type": "integer", "minimum": 2}},
        }
        query = {"who": "{{name}}"}
        function = custom("book", parameters=parameters, headers={"x-shop": "s3cret"}, query_params=query)
        call = self.talk(api, function | {"timeout_ms": 4000})
        sandbox.clock.sleep(60)
        sandbox.advance()
        (body,) = receiver.bodies("book")
        assert body["args"] == {"date": "2026-01-06", "guests": 2}
        assert (body["call"]["call_id"], body["call"]["transcript"]) == (call, "Agent: Hello Bo!\n")
        request = next(one for one in receiver.requests if "/book" in one.url)
        assert (request.url, request.timeout) == ("http://127.0.0.1:9/book?who=Bo", 4)
        assert request.headers["x-shop"] == "s3cret"
        verify_webhook(request.body, request.headers["x-retell-signature"], KEY)
        shown = json.dumps([one.shown() for one in sandbox.deliveries.journal])
        assert "s3cret" not in shown

    def test_the_answer_stands_in_the_transcript_and_gives_variables(self, sandbox, api, receiver):
        receiver.answers["book"] = 200, {"data": {"slots": [{"day": "Tuesday"}], "free": 3}}
        variables = {"day": "data.slots[0].day", "free": "data.free"}
        call = self.talk(api, custom("book", response_variables=variables))
        sandbox.clock.sleep(60)
        ended = api.get(f"/v2/get-call/{call}").json()
        assert ended["collected_dynamic_variables"] == {"day": "Tuesday", "free": "3"}
        roles = [one["role"] for one in ended["transcript_with_tool_calls"]]
        assert roles == ["agent", "user", "tool_call_invocation", "tool_call_result", "agent"]
        result = ended["transcript_with_tool_calls"][3]
        assert (json.loads(result["content"])["data"]["free"], result["successful"]) == (3, True)
        assert [one["role"] for one in ended["transcript_object"]] == ["agent", "user", "agent"]

    def test_functions_are_called_one_after_the_other_and_may_come_from_a_flow(self, sandbox, api, receiver):
        flow = api.post(
            "/create-conversation-flow",
            json={
                "start_speaker": "agent",
                "model_choice": {"type": "cascading", "model": "gpt-4.1"},
                "nodes": [],
                "tools": [custom("look"), custom("book")],
            },
        ).json()
        engine = {"type": "conversation-flow", "conversation_flow_id": flow["conversation_flow_id"]}
        fields = {"voice_id": "11labs-Adrian", "response_engine": engine}
        agent_id = api.post("/create-agent", json=fields).json()["agent_id"]
        api.post(
            "/v2/create-phone-call",
            json={"from_number": NUMBER, "to_number": CALLER, "override_agent_id": agent_id},
        )
        sandbox.clock.sleep(60)
        sandbox.advance()
        asked = [one.url for one in receiver.requests if one.url.endswith(("look", "book"))]
        assert asked == ["http://127.0.0.1:9/look", "http://127.0.0.1:9/book"]

    def test_arguments_alone_and_none_at_all_go_out_where_the_function_says_so(self, sandbox, api, receiver):
        parameters = {"type": "object", "properties": {"day": {"enum": ["Tuesday", "Friday"]}}}
        functions = (
            custom("rooted", args_at_root=True, parameters=parameters),
            custom("read", method="GET", parameters=parameters),
        )
        self.talk(api, *functions)
        sandbox.clock.sleep(60)
        sandbox.advance()
        rooted, read = (one for one in receiver.requests if one.url.endswith(("rooted", "read")))
        assert json.loads(rooted.body) == {"day": "Tuesday"}
        assert (read.method, read.body) == ("GET", b"")
        verify_webhook(read.body, read.headers["x-retell-signature"], KEY)

    def test_a_function_that_fails_is_repeated_as_often_as_it_says_and_the_talk_goes_on(self, sandbox, api, receiver):
        receiver.answers["book"] = 500
        call = self.talk(api, custom("book", max_retry=1))
        pass_time(sandbox, 120)
        ended = api.get(f"/v2/get-call/{call}").json()
        assert (ended["call_status"], len(receiver.bodies("book"))) == ("ended", 2)
        result = next(one for one in ended["transcript_with_tool_calls"] if one["role"] == "tool_call_result")
        assert (result["successful"], "status 500" in result["content"]) == (False, True)

    def test_a_talk_waits_for_its_function(self, sandbox, api, receiver):
        receiver.answers["book"] = [500, (200, "done")]
        call = self.talk(api, custom("book", max_retry=1))
        sandbox.clock.sleep(9)
        sandbox.advance()
        assert "User:" not in record(sandbox, "call", call)["transcript"]
        assert last(sandbox, "function").state == "pending"
        sandbox.clock.sleep(60)
        assert api.get(f"/v2/get-call/{call}").json()["call_status"] == "ended"

    def test_hanging_up_cancels_the_request(self, sandbox, api, receiver):
        receiver.answers["book"] = [500, 500, 500]
        call = self.talk(api, custom("book", max_retry=2))
        sandbox.clock.sleep(9)
        sandbox.advance()
        sandbox.intervene("call", call, "hang_up")
        assert last(sandbox, "function").state == "cancelled"
        sandbox.clock.sleep(60)
        assert api.get(f"/v2/get-call/{call}").json()["call_status"] == "ended"
        assert len(receiver.bodies("book")) == 1

    def test_a_tester_calls_a_function_with_arguments_of_his_own(self, sandbox, api, receiver):
        receiver.answers["book"] = 200, "Booked."
        call = self.talk(api, custom("look"), custom("book"))
        sandbox.intervene("call", call, "answer")
        sandbox.intervene("call", call, "call_function", name="book", args={"date": "2026-03-15"})
        sandbox.intervene("call", call, "say", text="Thanks.")
        (body,) = receiver.bodies("book")
        assert body["args"] == {"date": "2026-03-15"}
        found = api.get(f"/v2/get-call/{call}").json()
        said = [one.get("content") for one in found["transcript_with_tool_calls"]]
        assert said[-2:] == ["Booked.", "Thanks."]
        assert receiver.bodies("look") == []

    def test_a_function_that_the_agent_has_not_is_refused_with_those_that_are_there(self, sandbox, api):
        call = self.talk(api, custom("look"))
        sandbox.intervene("call", call, "answer")
        with pytest.raises(ConfigurationError, match=r'no custom function "nothing"; .*look'):
            sandbox.intervene("call", call, "call_function", name="nothing")

    def test_a_function_makes_a_talk_no_longer_than_its_turn(self, sandbox, api):
        plain, asking = self.talk(api), self.talk(api, custom("look"))
        sandbox.clock.sleep(100)
        ended = [api.get(f"/v2/get-call/{one}").json() for one in (plain, asking)]
        assert [one["call_status"] for one in ended] == ["ended", "ended"]
        assert ended[1]["duration_ms"] - ended[0]["duration_ms"] == 5000


class TestChoice:
    def shares(self, seed):
        sandbox = Sandbox(REGISTRY, examples=True, seed=seed)
        headers = {"Authorization": "Bearer key_x"}
        with httpx.Client(transport=sandbox.transport, base_url="https://api.retellai.com", headers=headers) as api:
            agents = [agent(api), agent(api)]
            weights = [{"agent_id": one, "weight": weight} for one, weight in zip(agents, (0.75, 0.25), strict=True)]
            api.patch(f"/update-phone-number/{NUMBER}", json={"outbound_agents": weights})
            api.patch(f"/update-phone-number/{NUMBER}", json={"inbound_agents": weights})
            chosen = []
            for _ in range(40):
                made = api.post("/v2/create-phone-call", json={"from_number": NUMBER, "to_number": CALLER}).json()
                chosen.append(agents.index(made["agent_id"]))
                chosen.append(agents.index(ring(sandbox)["agent_id"]))
                sandbox.clock.sleep(60)
        return chosen

    def test_agents_share_the_calls_by_weight_and_the_seed_decides(self):
        first, again, other = self.shares(1), self.shares(1), self.shares(2)
        assert first == again
        assert first != other
        assert 0.1 < sum(first) / len(first) < 0.4

    def test_a_batch_shares_its_calls_too(self, sandbox, api):
        agents = [agent(api), agent(api)]
        weights = [{"agent_id": one, "weight": 0.5} for one in agents]
        api.patch(f"/update-phone-number/{NUMBER}", json={"outbound_agents": weights})
        tasks = [{"to_number": CALLER} for _ in range(12)]
        known = len(sandbox.records("call"))
        api.post("/create-batch-call", json={"from_number": NUMBER, "tasks": tasks})
        sandbox.clock.sleep(300)
        sandbox.advance()
        made = {one["agent_id"] for one in sandbox.records("call")[known:]}
        assert made == set(agents)


def test_a_question_survives_in_a_saved_state_and_ends_as_unanswered_where_its_delivery_is_lost(sandbox, api, receiver):
    receiver.answers["call_inbound"] = [500, 500]
    chosen = [{"agent_id": "agent_123", "weight": 1}]
    api.patch(f"/update-phone-number/{NUMBER}", json={"inbound_agents": chosen, "inbound_webhook_url": HOOK})
    known = len(sandbox.records("call"))
    ring(sandbox)
    state = json.loads(json.dumps(sandbox.export_state()))
    fresh = Sandbox(REGISTRY, receiver=Receiver({}))
    fresh.import_state(state)
    assert len(fresh.records("call")) == known
    for one in state["deliveries"]:
        one["state"] = "failed"
    fresh.import_state(state)
    assert len(fresh.records("call")) == known + 1
