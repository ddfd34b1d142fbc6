-- expect: harmless
-- must not: hang the bridge where the heap is full
local T, n, sz = {}, 1, 1048576 while sz >= 16 do if not pcall(function() while true do T[n] = ("x"):rep(sz) .. n n = n + 1 end end) then sz = sz // 2 end end local ok = pcall(print, "x") T = nil collectgarbage() print("after") return "fine"
