-- expect: limited
-- must not: concatenate until the heap is full
local t = {} for i = 1, 1e6 do t[i] = ("x"):rep(50) end return #table.concat(t, ("y"):rep(1000))
