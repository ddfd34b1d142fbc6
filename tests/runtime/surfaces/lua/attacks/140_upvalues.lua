-- expect: harmless
-- must not: reach the upvalues of trusted functions
for _, f in ipairs({print, pairs, pcall, app.integrations.retell_ai.echo}) do if debug and debug.getupvalue then return "ESCAPED" end end return "fine"
