-- expect: limited
-- must not: match in C without an end
return ("a"):rep(100000):find(("a?"):rep(30) .. ("a"):rep(30) .. "b")
