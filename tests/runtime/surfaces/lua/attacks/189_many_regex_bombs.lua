-- expect: limited
-- must not: spend the limit of one pattern many times
for i = 1, 100 do pcall(regex.match, ("a"):rep(40), "(a+)+b") end
