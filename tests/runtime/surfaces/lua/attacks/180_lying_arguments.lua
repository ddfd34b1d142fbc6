-- expect: harmless
-- must not: lie about fields to the bridge
local o = setmetatable({}, {__index = function(_, k) return "ghost" end, __len = function() return 1e9 end, __pairs = function() return function() return nil end end}) return app.integrations.retell_ai.echo({a = o, b = o})
