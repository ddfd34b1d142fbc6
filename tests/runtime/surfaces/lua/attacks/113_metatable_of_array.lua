-- expect: harmless
-- must not: reach trusted code through the metatable of lists
local m = getmetatable(json.array()) if m then m.__index = function() error("ESCAPED") end m.__pairs = function() error("ESCAPED") end m.__len = function() error("ESCAPED") end end return app.integrations.retell_ai.echo({list = json.array({1, 2})}).list[2]
