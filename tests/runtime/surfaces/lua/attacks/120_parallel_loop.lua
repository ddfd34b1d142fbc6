-- expect: limited
-- must not: run past the CPU limit in a function of parallel
parallel{function() while true do end end, function() sleep(0) end}
