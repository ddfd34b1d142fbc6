-- expect: limited
-- must not: loop in C where no hook is called
return table.move({}, 1, math.maxinteger - 1, 2)
