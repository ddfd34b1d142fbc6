-- expect: limited
-- must not: send an argument that is too large
return app.integrations.retell_ai.echo({s = ("x"):rep(9000000)})
