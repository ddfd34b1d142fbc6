-- expect: limited
-- must not: double what is shown until the heap is full
local t = {1} for i = 1, 60 do t = {t, t} end dump(t)
