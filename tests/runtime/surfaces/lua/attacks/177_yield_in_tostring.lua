-- expect: blocked
-- must not: yield out of trusted code
return parallel{function() return tostring(setmetatable({}, {__tostring = function() coroutine.yield() return "x" end})) end}
