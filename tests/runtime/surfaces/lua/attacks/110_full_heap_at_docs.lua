-- expect: harmless
-- must not: hang the bridge where a large page is answered into a full heap
local T, big, n, sz = {}, app.integrations.retell_ai.big, 1, 1048576 while sz >= 16 do if not pcall(function() while true do T[n] = ("x"):rep(sz) .. n n = n + 1 end end) then sz = sz // 2 end end pcall(big, {n = 3000000}) T = nil collectgarbage() return "fine"
