-- expect: harmless
-- must not: name a call in a way that the host takes for forged
local function f(n)
  if n == 0 then return app.integrations.retell_ai.echo({n = 5}).n end
  return parallel{function() return f(n - 1) end}[1]
end
local ok, problem = pcall(f, 51)
assert(not ok and problem:find("parallel: nested more than 50 deep", 1, true), problem)
return f(50)
