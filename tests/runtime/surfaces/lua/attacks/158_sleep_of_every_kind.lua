-- expect: harmless
-- must not: sleep for something that is no time
return {pcall(sleep), pcall(sleep, "1"), pcall(sleep, 0/0), pcall(sleep, 1/0), pcall(sleep, -0.0), pcall(sleep, {}), pcall(sleep, 1e300)}
