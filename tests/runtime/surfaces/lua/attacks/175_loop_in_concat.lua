-- expect: limited
-- must not: loop in __concat
local m = setmetatable({}, {__concat = function(a, b) while true do end end}) return m .. "x"
