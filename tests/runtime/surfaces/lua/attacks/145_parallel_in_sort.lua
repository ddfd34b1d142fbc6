-- expect: harmless
-- must not: wait for ever where parallel runs inside C code
local t = {3,1,2} table.sort(t, function(a, b) local r = parallel{function() return app.integrations.retell_ai.echo({n = a}).n end, function() return app.integrations.retell_ai.echo({n = b}).n end} return r[1] < r[2] end) return t
