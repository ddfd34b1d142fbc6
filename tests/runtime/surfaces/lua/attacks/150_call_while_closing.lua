-- expect: harmless
-- must not: call tools from a variable that is closed
local co = coroutine.create(function() local x <close> = setmetatable({}, {__close = function() app.integrations.retell_ai.echo({}) error("close!") end}) coroutine.yield() end) coroutine.resume(co) return {coroutine.close(co)}
