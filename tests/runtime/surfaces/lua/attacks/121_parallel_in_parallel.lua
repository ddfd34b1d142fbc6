-- expect: limited
-- must not: nest parallel without an end
local function f() return parallel{f, f} end f()
