-- expect: limited
-- must not: take more than the memory limit by doubling a text
local s = "x" while true do s = s .. s end
