-- expect: blocked
-- must not: overflow a stack of the host with nested JSON
local t = {} for i = 1, 90000 do t = {t} end return app.integrations.retell_ai.echo({t = t})
