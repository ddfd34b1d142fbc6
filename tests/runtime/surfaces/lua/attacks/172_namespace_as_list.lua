-- expect: blocked
-- must not: take the metatable of a namespace away
local r = app.integrations.retell_ai json.array(r) return r.echo({n = 1}).n
