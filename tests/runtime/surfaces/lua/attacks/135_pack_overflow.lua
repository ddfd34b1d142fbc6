-- expect: blocked
-- must not: crash in string.rep with a huge size
return ("x"):rep(1 << 40)
