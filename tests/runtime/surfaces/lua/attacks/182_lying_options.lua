-- expect: harmless
-- must not: lie about options to parallel_map
return parallel_map({1}, function(x) return x end, setmetatable({}, {__index = function() return 1e18 end}))
