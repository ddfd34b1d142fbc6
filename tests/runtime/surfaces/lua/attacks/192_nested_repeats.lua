-- expect: limited
-- must not: nest counted repeats
return regex.match(("a"):rep(100), "((((((a{1,100}){1,100}){1,100}){1,100}){1,100}){1,100})$x")
