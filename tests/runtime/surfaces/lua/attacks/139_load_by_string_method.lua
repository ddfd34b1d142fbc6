-- expect: blocked
-- must not: compile bytecode or text at run time
return ("return 1"):load()
