-- expect: harmless
-- must not: close the main thread of the script
return {pcall(coroutine.close, coroutine.running())}
