local call = app.integrations.retell_ai.create_call({
  agent_id = "agent_123",
  metadata = {customer_id = "cus_123"},
  options = {
    from_number = "+14155550100",
    to_number = "+14155550199"
  }
})

local web_call = app.integrations.retell_ai.create_web_call({
  data = {agent_id = "agent_123"}
})

local calls = app.integrations.retell_ai.list_calls({
  filter = {agent_id = "agent_123"}
})

local details = app.integrations.retell_ai.get_call({call_id = "call_123"})

app.integrations.retell_ai.update_call({
  call_id = "call_123",
  metadata = {reviewed = true}
})

app.integrations.retell_ai.stop_call({call_id = "call_123"})
app.integrations.retell_ai.delete_call({call_id = "call_123"})
