-- expect: harmless
-- must not: lose what is known where the script has another environment
local _ENV = {app = app} return app.integrations.retell_ai.echo({n = 1}).n
