-- expect: blocked
-- must not: nest without an end what is decoded
return json.decode(("["):rep(100000))
