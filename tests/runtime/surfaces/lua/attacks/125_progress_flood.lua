-- expect: limited
-- must not: fill the host with progress
while true do progress(1, 2, ("x"):rep(1000)) end
