-- expect: limited
-- must not: let the hook die of a full stack
local function f() while true do pcall(f) end end f()
