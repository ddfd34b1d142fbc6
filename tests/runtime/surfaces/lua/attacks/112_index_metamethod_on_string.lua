-- expect: harmless
-- must not: change the methods of texts for trusted code
string.format = nil string.gsub = function() error("ESCAPED") end string.rep = nil return json.decode(json.encode({a = "\"x\""})).a
