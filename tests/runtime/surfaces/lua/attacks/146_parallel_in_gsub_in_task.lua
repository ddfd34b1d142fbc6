-- expect: harmless
-- must not: wait for ever in C code inside a function of parallel
return parallel{function() return (("abc"):gsub(".", function(c) return parallel{function() return app.integrations.retell_ai.echo({c = c}).c:upper() end}[1] end)) end, function() return (regex.gsub("abc", ".", function(m) return app.integrations.retell_ai.echo({c = m.full}).c end)) end}
