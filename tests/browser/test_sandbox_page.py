"""The sandbox's page in a real browser (`make browser`): what a person sees and clicks.

Nothing but this machine is reached.
"""

import json
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import expect

from tool_runtime.sandbox import Sandbox
from tool_runtime.sandbox.server.serving import SandboxServer

REGISTRY = json.loads((Path(__file__).parents[2] / "generated" / "retell_ai" / "registry.json").read_bytes())
CALL = {"from_number": "+14155550100", "to_number": "+14155550190"}


@pytest.fixture
def server():
    with SandboxServer(Sandbox(REGISTRY, examples=True)) as running:
        yield running


@pytest.fixture
def api(server):
    with httpx.Client(base_url=server.url, headers={"Authorization": "Bearer k"}) as client:
        yield client


@pytest.fixture
def page(browser, server):
    """Open the page; whatever the browser complains of, or reaches beyond the server, fails the test."""
    page = browser.new_page(viewport={"width": 1200, "height": 800})
    complaints, hosts = [], set()

    def note(message):
        # A refusal of the sandbox is an answer that the page shows, and no complaint about the page.
        if message.type == "error" and not message.text.startswith("Failed to load resource"):
            complaints.append(message.text)

    page.on("console", note)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: hosts.add(request.url.split("/")[2]) if "//" in request.url else None)
    page.goto(f"{server.url}/__sandbox/")
    expect(page.get_by_role("heading", name="Sandbox of Retell AI")).to_be_visible()
    yield page
    page.close()
    assert complaints == []
    assert hosts == {server.url.split("/")[2]}


def test_requests_appear_as_they_come_and_open(page, api):
    expect(page.get_by_text("No request came yet.")).to_be_visible()
    api.get("/get-agent/agent_123")
    api.get("/get-agent/nobody")
    rows = page.locator("#requests tr")
    expect(rows).to_have_count(2)
    expect(rows.first).to_contain_text("422")
    page.get_by_role("searchbox").fill("200")
    expect(rows).to_have_count(1)
    rows.first.press("Enter")
    expect(page.get_by_role("dialog")).to_contain_text("Scheduling Agent")
    page.get_by_role("button", name="Close").click()
    expect(page.get_by_role("dialog")).to_be_hidden()


def test_a_call_is_answered_talked_on_and_hung_up(page, api):
    made = api.post("/v2/create-phone-call", json=CALL).json()["call_id"]
    page.get_by_role("tab", name="Calls").click()
    page.get_by_role("button", name=f"registered {CALL['to_number']} {made}").click()
    page.get_by_role("button", name="Answer").click()
    page.get_by_label("What is said").fill("<b>Hello?</b>")
    page.get_by_role("button", name="Say").click()
    expect(page.locator(".said.user")).to_contain_text("<b>Hello?</b>")
    page.get_by_role("button", name="Hang up").click()
    expect(page.get_by_role("heading", name=f"{made}: ended (user_hangup)")).to_be_visible()
    assert api.get(f"/v2/get-call/{made}").json()["disconnection_reason"] == "user_hangup"


def test_a_call_comes_in_and_the_agent_calls_a_function(page, api):
    # Nobody listens there.
    tool = {"type": "custom", "name": "book_slot", "url": "http://127.0.0.1:9/book"}
    engine = {"type": "retell-llm"}
    engine["llm_id"] = api.post("/create-retell-llm", json={"general_tools": [tool]}).json()["llm_id"]
    agent = api.post("/create-agent", json={"voice_id": "11labs-Adrian", "response_engine": engine}).json()["agent_id"]
    chosen = {"inbound_agents": [{"agent_id": agent, "weight": 1}]}
    assert api.patch("/update-phone-number/+14155550100", json=chosen).is_success
    page.get_by_role("tab", name="Calls").click()
    page.get_by_label("from number").fill("+14155550199")
    page.get_by_label("to number").fill("+14155550100")
    page.get_by_role("button", name="Let a call come in").click()
    page.get_by_role("button", name="Answer").click()
    page.get_by_label("Name of the function").fill("book_slt")
    page.get_by_role("button", name="Call it").click()
    expect(page.get_by_role("alert")).to_contain_text("it has ['book_slot']")
    page.get_by_label("Name of the function").fill("book_slot")
    page.get_by_role("button", name="Call it").click()
    expect(page.locator(".said.call").first).to_contain_text("book_slot(")
    expect(page.locator(".said.call").nth(1)).to_contain_text("gave no result")


def test_a_failure_is_switched_on_and_off(page, api):
    page.get_by_role("tab", name="Failures").click()
    page.get_by_label("What goes wrong").select_option("status")
    page.get_by_label("Tool").select_option("get_agent")
    page.get_by_role("spinbutton", name="Status").fill("418")
    page.get_by_role("button", name="Switch on").click()
    expect(page.locator("#failures tr")).to_contain_text("get_agent")
    assert api.get("/get-agent/agent_123").status_code == 418
    page.get_by_role("button", name="Switch off").click()
    expect(page.get_by_text("Nothing goes wrong.")).to_be_visible()
    assert api.get("/get-agent/agent_123").status_code == 200
    expect(page.get_by_text("The line is busy.")).to_be_visible()


def test_the_clock_goes_forward_and_records_show_it(page, api):
    api.post("/v2/create-phone-call", json={**CALL, "to_number": "+14155550199"})
    before = page.locator("#now").inner_text()
    page.get_by_role("button", name="+1 min").click()
    expect(page.locator("#now")).not_to_have_text(before)
    page.get_by_role("tab", name="Records").click()
    page.get_by_role("button", name="call (3)").click()
    expect(page.locator("#records pre").first).to_contain_text('"call_status": "ended"')


def test_webhooks_are_shown_and_sent_again(page, api, server):
    page.get_by_role("tab", name="Webhooks").click()
    page.get_by_label("The account's address").fill(f"{server.url}/get-agent/agent_123")
    page.get_by_role("button", name="Save").click()
    api.post("/v2/create-phone-call", json=CALL)
    page.get_by_role("button", name="+10 s").click()
    row = page.locator("#webhooks tr", has_text="call_started").first
    expect(row).to_contain_text("401")
    before = page.locator("#webhooks tr").count()
    row.get_by_role("button", name="Resend").click()
    expect(page.locator("#webhooks tr")).not_to_have_count(before)


def test_a_mistake_is_told_on_the_page(page):
    page.get_by_role("tab", name="Failures").click()
    page.get_by_label("What goes wrong").select_option("slow")
    page.get_by_role("button", name="Switch on").click()
    expect(page.get_by_role("alert")).to_contain_text("needs a delay")


def test_a_webhook_that_was_not_sent_says_why(page, api):
    api.patch("/update-agent/agent_123", json={"webhook_url": "https://crm.example.com/hook"})
    api.post("/v2/create-phone-call", json=CALL)
    page.get_by_role("tab", name="Webhooks").click()
    page.get_by_role("button", name="+10 s").click()
    expect(page.locator("#webhooks tr", has_text="call_started").first).to_contain_text("--reach crm.example.com")


def test_the_page_can_be_used_on_a_phone(page, api):
    api.patch("/update-agent/agent_123", json={"webhook_url": "https://crm.example.com/hook"})
    api.post("/v2/create-phone-call", json=CALL)
    page.get_by_role("button", name="+10 s").click()
    page.set_viewport_size({"width": 375, "height": 700})
    for tab in ("Requests", "Records", "Calls", "Failures", "Webhooks"):
        page.get_by_role("tab", name=tab).click()
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, tab
        # No word is cut into letters: a cell that holds one word is one line high.
        tall = """[...document.querySelectorAll("section:not([hidden]) td, section:not([hidden]) button")]
            .filter((one) => !/\\s/.test(one.textContent) && one.textContent.length < 20 && one.offsetHeight > 40)
            .map((one) => one.textContent)"""
        assert page.evaluate(tall) == [], tab
