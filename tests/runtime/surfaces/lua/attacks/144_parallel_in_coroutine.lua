-- expect: harmless
-- must not: wait for ever where parallel runs inside a coroutine
return coroutine.wrap(function() return parallel{function() return app.integrations.retell_ai.echo({n = 1}).n end} end)()
