-- expect: limited
-- must not: return a value that is too large
return ("x"):rep(9000000)
