local result = app.integrations.retell_ai.create_phone_call({agent_id = "example_agent_id", metadata = "example_metadata", options = "example_options"})
print(result)
