-- expect: limited
-- must not: hide a loop in __tostring of an error
error(setmetatable({}, {__tostring = function() while true do end end}))
