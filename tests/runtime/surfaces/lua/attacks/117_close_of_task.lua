-- expect: blocked
-- must not: close a function of parallel from outside
local co parallel{function() co = coroutine.running() sleep(0) end, function() coroutine.close(co) end}
