-- expect: limited
-- must not: concatenate a list that lies about its length
return table.concat(setmetatable({}, {__len = function() return 1e9 end, __index = function() return "x" end}))
