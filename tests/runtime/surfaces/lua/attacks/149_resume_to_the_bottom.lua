-- expect: limited
-- must not: resume coroutines in each other to the bottom of the C stack
local function f(n) return coroutine.wrap(function() return f(n+1) end)() end return f(1)
