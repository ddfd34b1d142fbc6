local flows = app.integrations.retell_ai.api_get({
  path = "/list-conversation-flows"
})

local created_llm = app.integrations.retell_ai.api_post({
  path = "/create-retell-llm",
  body = {general_prompt = "You are a concise support agent."}
})

local updated = app.integrations.retell_ai.api_patch({
  path = "/update-agent/agent_123",
  body = {agent_name = "Updated Agent"}
})

local deleted = app.integrations.retell_ai.api_delete({
  path = "/delete-retell-llm/llm_123"
})
