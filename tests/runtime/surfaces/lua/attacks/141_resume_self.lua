-- expect: harmless
-- must not: resume the main thread of the script
return coroutine.resume(coroutine.running())
