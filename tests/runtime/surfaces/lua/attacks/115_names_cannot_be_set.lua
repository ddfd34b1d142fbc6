-- expect: blocked
-- must not: replace a tool for later code
app.integrations.retell_ai.echo = function() end
