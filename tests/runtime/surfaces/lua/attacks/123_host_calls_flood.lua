-- expect: limited
-- must not: make calls without an end
while true do pcall(app.integrations.retell_ai.echo, {}) end
