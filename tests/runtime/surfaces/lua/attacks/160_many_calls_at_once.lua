-- expect: harmless
-- must not: lose answers of many calls at once
return #parallel_map((function() local t = {} for i = 1, 500 do t[i] = i end return t end)(), function(i) return app.integrations.retell_ai.echo({i = i}).i end, {concurrency = 500})
