-- expect: blocked
-- must not: send a table that is list and object
return app.integrations.retell_ai.echo({list = {1, a = 2}})
