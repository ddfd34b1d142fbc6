-- expect: limited
-- must not: double what is encoded until time is over
local t = {1} for i = 1, 60 do t = {t, t} end return json.encode(t)
