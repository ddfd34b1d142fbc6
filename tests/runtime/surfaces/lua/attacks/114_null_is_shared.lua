-- expect: blocked
-- must not: change json.null for everybody
json.null.x = 1
