local retell_ai = app.integrations.retell_ai
local result = retell_ai.create_phone_call({agent_id = "example_agent_id", metadata = "example_metadata", options = "example_options"})

dump(result)
