-- expect: blocked
-- must not: send a list with holes
return app.integrations.retell_ai.echo({list = {1, nil, 3}})
