-- expect: limited
-- must not: replace until the heap is full
return ("a"):rep(1e6):gsub("a", ("%0"):rep(1e5))
