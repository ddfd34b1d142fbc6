-- expect: limited
-- must not: loop while a variable is closed at the end
local x <close> = setmetatable({}, {__close = function() while true do end end})
