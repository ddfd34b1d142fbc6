-- expect: harmless
-- must not: nest without an end what is shown
local t = {} local r = t for i = 1, 5000 do t.x = {} t = t.x end dump(r) print(r) return #json.encode({1})
