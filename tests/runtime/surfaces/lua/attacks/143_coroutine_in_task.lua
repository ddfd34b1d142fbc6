-- expect: harmless
-- must not: lose the call of a coroutine inside a function of parallel
local co = coroutine.create(function() return app.integrations.retell_ai.echo({n = 1}).n end)
return parallel{function() return {coroutine.resume(co)} end, function() return {coroutine.resume(co)} end}
