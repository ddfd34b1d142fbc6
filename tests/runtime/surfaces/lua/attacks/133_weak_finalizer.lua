-- expect: blocked
-- must not: hide a finalizer behind a metatable that is set twice
local m = {} m.__gc = function() while true do end end setmetatable(setmetatable({}, {}), m)
