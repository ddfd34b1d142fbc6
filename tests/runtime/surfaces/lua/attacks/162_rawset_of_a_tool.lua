-- expect: blocked
-- must not: put a function of the script in the place of a tool
rawset(app.integrations.retell_ai, "echo", function() return {n = "ESC" .. "APED"} end) return app.integrations.retell_ai.echo({n = 1}).n, rawlen(app), next(app), #app
