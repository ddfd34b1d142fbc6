-- expect: limited
-- must not: ask for names that are not there without an end
while true do pcall(function() return app.integrations.retell_ai["x" .. ("y"):rep(100)] end) end
