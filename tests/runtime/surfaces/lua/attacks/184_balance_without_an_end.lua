-- expect: limited
-- must not: balance in C without an end
return ("("):rep(1e6):match("(%b())*x")
