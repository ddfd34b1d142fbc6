-- expect: blocked
-- must not: break the reporting of errors in parallel
parallel{function() error(setmetatable({}, {__tostring = function() error("x") end})) end}
