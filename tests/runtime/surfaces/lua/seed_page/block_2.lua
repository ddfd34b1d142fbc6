local agents = app.integrations.retell_ai.list_agents({})
local agent = app.integrations.retell_ai.get_agent({agent_id = "agent_123"})

local created = app.integrations.retell_ai.create_agent({
  voice_id = "11labs-Adrian",
  prompt = "You are a helpful appointment scheduling agent.",
  options = {
    agent_name = "Scheduling Agent"
  }
})

app.integrations.retell_ai.update_agent({
  agent_id = "agent_123",
  data = {agent_name = "Updated Agent"}
})

app.integrations.retell_ai.delete_agent({agent_id = "agent_123"})
