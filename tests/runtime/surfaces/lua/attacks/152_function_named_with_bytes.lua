-- expect: blocked
-- must not: hand the host a name of a function that is no text
local t = {} t["\xff\xfe"] = function() error("x") end t["\xff\xfe"]()
