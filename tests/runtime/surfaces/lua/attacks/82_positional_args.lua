-- expect: harmless
-- must not: be dropped: scalars by position are arguments in the order of the reference
return app.integrations.retell_ai.echo("call_1")
