-- expect: harmless
-- must not: ask namespaces for names of every kind
return {pcall(function() return app[1] end), pcall(function() return app[{}] end), pcall(function() return app[0/0] end), pcall(function() return app.integrations["a\nb"] end), pcall(function() return app["x.y"] end), pcall(function() return app[("x"):rep(1e6)] end), pcall(function() return app["\xff"] end), pcall(function() return app[""] end)}
