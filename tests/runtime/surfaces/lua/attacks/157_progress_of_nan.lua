-- expect: blocked
-- must not: hand progress what is no number
progress(0/0, 1/0, "x")
