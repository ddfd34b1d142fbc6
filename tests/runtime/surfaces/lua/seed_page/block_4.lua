local llms = app.integrations.retell_ai.list_retell_llms({})
local llm = app.integrations.retell_ai.get_retell_llm({llm_id = "llm_123"})

local voices = app.integrations.retell_ai.list_voices({})
local voice = app.integrations.retell_ai.get_voice({voice_id = "11labs-Adrian"})
