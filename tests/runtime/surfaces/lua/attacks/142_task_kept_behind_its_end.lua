-- expect: harmless
-- must not: drive a function of parallel after its end
local co parallel{function() co = coroutine.running() app.integrations.retell_ai.echo({}) end} return {coroutine.status(co), pcall(coroutine.resume, co), pcall(coroutine.close, co)}
