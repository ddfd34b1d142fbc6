-- expect: blocked
-- must not: raise errors whose text raises errors
local t = setmetatable({1,2}, {__pairs = function() error(setmetatable({}, {__tostring = function() error({}) end})) end}) for k in pairs(t) do end
