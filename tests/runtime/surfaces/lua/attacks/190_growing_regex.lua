-- expect: limited
-- must not: let a pattern fill the memory
return #regex.gsub(("a"):rep(100000), "a", ("b"):rep(1000))
