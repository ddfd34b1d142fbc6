-- expect: blocked
-- must not: yield out of parallel into the scheduler
parallel{function() coroutine.yield("ESC" .. "APED") end}
