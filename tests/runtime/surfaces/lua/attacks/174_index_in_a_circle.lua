-- expect: blocked
-- must not: follow __index in a circle
local t = setmetatable({}, {}) getmetatable(t).__index = t return app.integrations.retell_ai.echo({x = t.y})
