"""A program of the official Python SDK, in strict response validation, against whatever `RETELL_BASE_URL` names.

Prints what it did, one line a step; the test beside it runs it against the sandbox, and it runs alike against the API.
"""

import os
import time

from retell import APIStatusError, Retell

client = Retell(api_key=os.environ["RETELL_API_KEY"], max_retries=0, _strict_response_validation=True)


def wait(read, field, values):
    for _ in range(200):
        found = read()
        if getattr(found, field) in values:
            return found
        time.sleep(0.05)
    raise SystemExit(f"{field} never became {values}")


llm = client.llm.create(model="gpt-4.1", general_prompt="You are the front desk.", begin_message="Hello!")
client.llm.update(llm.llm_id, general_prompt="You are the front desk of a clinic.")
print("llm", client.llm.retrieve(llm.llm_id).general_prompt)

agent = client.agent.create(
    agent_name="Front desk",
    voice_id="11labs-Adrian",
    response_engine={"type": "retell-llm", "llm_id": llm.llm_id},
)
client.agent.update(agent.agent_id, agent_name="Desk", voice_speed=1.2)
print("agent", client.agent.retrieve(agent.agent_id).agent_name)

client.agent.publish(agent.agent_id, version=0, version_title="First")
draft = client.agent.create_version(agent.agent_id, base_version=0)
client.agent.update(agent.agent_id, agent_name="Draft desk")
published = client.agent.retrieve(agent.agent_id, version="latest_published")
print(
    "versions", published.version, published.agent_name, draft.version, client.agent.retrieve(agent.agent_id).agent_name
)
print("listed", [item.version for item in client.agent.list_versions(agent.agent_id).items])
client.agent.delete_version(agent.agent_id, version=1)
print("left", [item.version for item in client.agent.list_versions(agent.agent_id).items])

number = client.phone_number.create(area_code=212, outbound_agents=[{"agent_id": agent.agent_id, "weight": 1}])
print("number", number.area_code, number.phone_number.startswith("+1212"))

calls = [
    client.call.create_phone_call(from_number=number.phone_number, to_number=f"+1415555019{last}", metadata={"n": last})
    for last in (8, 9)
]
over = [
    wait(lambda one=one: client.call.retrieve(one.call_id), "call_status", ("ended", "not_connected")) for one in calls
]
print("calls", [(one.call_status, one.disconnection_reason) for one in over])
client.call.update(over[1].call_id, metadata={"seen": True})

pages, key = [], None
while True:
    page = client.call.list(limit=1, **({"pagination_key": key} if key else {}))
    pages.append(len(page.items))
    key = page.pagination_key
    if not page.has_more:
        break
print("pages", len(pages) >= 2, set(pages))

helper = client.chat_agent.create(response_engine={"type": "retell-llm", "llm_id": llm.llm_id, "version": 0})
chat = client.chat.create(agent_id=helper.agent_id)
said = client.chat.create_chat_completion(chat_id=chat.chat_id, content="Are you open?")
client.chat.end(chat.chat_id)
print("chat", len(said.messages), client.chat.retrieve(chat.chat_id).chat_status)

base = client.knowledge_base.create(
    knowledge_base_name="Hours",
    knowledge_base_files=[("hours.txt", b"Nine to five.", "text/plain"), ("prices.txt", b"Forty.", "text/plain")],
    knowledge_base_texts=[{"title": "Holidays", "text": "Closed in August."}],
)
ready = wait(lambda: client.knowledge_base.retrieve(base.knowledge_base_id), "status", ("complete",))
client.knowledge_base.delete_source(ready.knowledge_base_sources[0].source_id, knowledge_base_id=base.knowledge_base_id)
left = client.knowledge_base.retrieve(base.knowledge_base_id).knowledge_base_sources
print("knowledge", [source.type for source in ready.knowledge_base_sources], len(left))

tasks = [{"to_number": f"+1415555016{last}"} for last in range(3)]
batch = client.batch_call.create_batch_call(from_number=number.phone_number, tasks=tasks)
criteria = {"batch_call_id": {"type": "string", "op": "eq", "value": batch.batch_call_id}}
placed = wait(lambda: client.call.list(filter_criteria=criteria, include_total=True), "total", (3,))
print("batch", batch.total_task_count, placed.total)

client.phone_number.delete(number.phone_number)
client.agent.delete(agent.agent_id)
try:
    client.agent.retrieve(agent.agent_id)
except APIStatusError as refused:
    print("deleted", refused.status_code)
