-- expect: blocked
-- must not: call itself for the text of an error
local m = {} m.__tostring = function(s) return tostring(s) end error(setmetatable({}, m))
