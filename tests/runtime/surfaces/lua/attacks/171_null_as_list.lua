-- expect: blocked
-- must not: make json.null a list
local t = setmetatable({}, {__index = function() return 1 end}) return json.array(t), json.encode(json.array(t)), json.array(json.null)
