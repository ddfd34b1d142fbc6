-- expect: blocked
-- must not: hand progress what has no JSON
progress({}, function() end, setmetatable({}, {__tostring = function() return ("\27[31m"):rep(10) end}))
