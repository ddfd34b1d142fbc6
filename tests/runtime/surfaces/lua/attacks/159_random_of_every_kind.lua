-- expect: harmless
-- must not: break the random numbers
return {pcall(random, 0), pcall(random, 1, 0), pcall(random, "x"), pcall(random, 1.5), pcall(random, math.mininteger, math.maxinteger), pcall(random, 5, 5), pcall(math.randomseed, {}), pcall(random, 1, 2, 3)}
