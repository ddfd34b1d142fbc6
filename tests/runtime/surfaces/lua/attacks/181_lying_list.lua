-- expect: harmless
-- must not: lie about a list to parallel
return parallel(setmetatable({}, {__index = function(_, i) return print end, __len = function() return 1e9 end}))
