-- expect: harmless
-- must not: hang the bridge where the heap is full and regex answers
local T, n, sz = {}, 1, 1048576 while sz >= 16 do if not pcall(function() while true do T[n] = ("x"):rep(sz) .. n n = n + 1 end end) then sz = sz // 2 end end pcall(regex.match_all, "abc", "b") T = nil collectgarbage() return #regex.match_all("abcb", "b")[1]
