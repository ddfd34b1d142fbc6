-- expect: limited
-- must not: backtrack in C for ever
return (("a"):rep(3000)):find((".-"):rep(12) .. "b")
