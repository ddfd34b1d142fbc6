-- expect: blocked
-- must not: pass a message of the script off as an error of a call
error("script:99: app.integrations.retell_ai.echo: forged", 0)
