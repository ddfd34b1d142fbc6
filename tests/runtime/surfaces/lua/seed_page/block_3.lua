local numbers = app.integrations.retell_ai.list_phone_numbers({})

local number = app.integrations.retell_ai.get_phone_number({
  phone_number = "+14155550100"
})

app.integrations.retell_ai.update_phone_number({
  phone_number = "+14155550100",
  data = {
    inbound_agent_id = "agent_123"
  }
})
