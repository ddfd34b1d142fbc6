-- expect: blocked
-- must not: resume a function of parallel from outside
local co parallel{function() co = coroutine.running() sleep(0) end, function() return assert(coroutine.resume(co)) end}
