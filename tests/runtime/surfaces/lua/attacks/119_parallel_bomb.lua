-- expect: blocked
-- must not: start more functions at once than there may be
parallel_map(table.move({}, 1, 1, 1), print) local t = {} for i = 1, 2000 do t[i] = print end parallel(t)
