-- expect: blocked
-- must not: name a type with what is no text
local t = setmetatable({}, {__name = "odd\n\0\255"}) return t + 1
