-- expect: limited
-- must not: take more than the memory limit in closures
local t = {} while true do local n = #t t[n + 1] = function() return n end end
