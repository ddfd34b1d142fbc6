-- expect: limited
-- must not: sleep past the wall limit
while true do sleep(3600) end
