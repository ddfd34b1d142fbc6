-- expect: blocked
-- must not: yield across gsub
coroutine.wrap(function() string.gsub("x", "x", function() coroutine.yield() end) end)()
