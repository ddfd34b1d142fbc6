-- expect: blocked
-- must not: forge the sign by which functions of parallel wait
return parallel{function() coroutine.yield({}) end, function() return 1 end}
