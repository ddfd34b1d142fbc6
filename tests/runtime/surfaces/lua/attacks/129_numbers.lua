-- expect: blocked
-- must not: send what JSON does not have
return app.integrations.retell_ai.echo({n = 0/0})
