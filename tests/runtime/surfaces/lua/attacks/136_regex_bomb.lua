-- expect: blocked
-- must not: crash the compiler of patterns
return regex.match("x", ("("):rep(5000))
