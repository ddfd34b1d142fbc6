-- expect: limited
-- must not: hide time in few instructions
local s = ("x"):rep(8000000) while s <= s do end
