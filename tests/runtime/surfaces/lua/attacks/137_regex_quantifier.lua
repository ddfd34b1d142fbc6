-- expect: limited
-- must not: loop in the compiler or engine of patterns
return regex.match(("a"):rep(40000) .. "c", "(?:a?){30000}(a*)*b")
