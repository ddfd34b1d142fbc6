-- expect: blocked
-- must not: hand the host a message without an end
error(("x"):rep(10000000))
