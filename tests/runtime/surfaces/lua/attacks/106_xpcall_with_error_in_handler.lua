-- expect: limited
-- must not: loop between error and handler
local function h() return error("again") end while true do xpcall(error, h, "x") end
