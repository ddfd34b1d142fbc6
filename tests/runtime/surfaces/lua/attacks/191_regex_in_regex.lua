-- expect: harmless
-- must not: run patterns inside patterns
return regex.gsub("abc", ".", function(m) return regex.gsub(m.full, ".", function(n) return n.full .. n.full end) end)
