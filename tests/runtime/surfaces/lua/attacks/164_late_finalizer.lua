-- expect: harmless
-- must not: run a finalizer that was added later
local m = {} local t = setmetatable({}, m) m.__gc = function() while true do end end t = nil collectgarbage() return "fine"
