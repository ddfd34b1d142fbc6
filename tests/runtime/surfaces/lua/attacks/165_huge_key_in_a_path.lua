-- expect: blocked
-- must not: show a path without an end
local t = {} t[("k"):rep(1e6)] = 1/0 return json.encode(t)
