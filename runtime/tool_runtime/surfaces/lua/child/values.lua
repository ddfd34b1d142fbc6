-- Values: JSON and readable text of Lua values.
--
-- Owns what a Lua value is as JSON, and back. Tables are read raw, so no metamethod of a script runs here. Everything is
-- a local: a script that overwrites `string` or `table` changes nothing in this file.

local type, next, rawget, rawlen, tostring, tonumber = type, next, rawget, rawlen, tostring, tonumber
local error, setmetatable, pcall, rawequal = error, setmetatable, pcall, rawequal
-- Those of scripts do not see behind `__metatable`.
local getmetatable, mark = debug.getmetatable, debug.setmetatable
local find, sub, byte, gsub, format = string.find, string.sub, string.byte, string.gsub, string.format
local match, char = string.match, string.char
local concat, sort = table.concat, table.sort
local math_type, floor = math.type, math.floor
local utf8_len, utf8_char = utf8.len, utf8.char

local DEEPEST, DEEPEST_TEXT, LINE = 100, 200, 76
local EXACT = 2 ^ 53

local values = {}

-- The list of JSON: an empty table with this metatable is `[]`, and `{}` without. No script can change the metatable:
-- trusted code reads such lists too.
local ARRAY = {__name = "json.array", __metatable = false}
local NULL = setmetatable({}, {
  __name = "json.null", __metatable = false,
  __tostring = function() return "null" end,
  __newindex = function() error("json.null cannot be changed", 2) end,
})
values.null, values.array_metatable = NULL, ARRAY

-- Return a table marked as a list: json.array() -> [], json.array{1, 2} -> [1, 2].
function values.array(items)
  if items == nil then items = {} end
  if type(items) ~= "table" then error("json.array expects a table", 0) end
  local known = getmetatable(items)
  if known and known ~= ARRAY and rawget(known, "__metatable") ~= nil then
    error("json.array: " .. tostring(items) .. " cannot become a list", 0)
  end
  return mark(items, ARRAY)
end

-- What a pattern matched: an object in JSON, whose captures are fields named by their numbers.
local MATCH = {__name = "regex.match", __metatable = false}
function values.matched(captures) return mark(captures, MATCH) end

local function order(a, b)
  local ta, tb = type(a), type(b)
  if ta ~= tb then return ta < tb end
  return a < b
end

-- Return the keys of a table that can be put in order, sorted, and the others behind them.
local function sorted_keys(t, from)
  local keys, others, n, m, mixed = {}, {}, 0, 0, false
  for key in next, t do
    local kind = type(key)
    if not (from and math_type(key) == "integer" and key >= 1 and key <= from) then
      if kind == "string" then n = n + 1; keys[n] = key
      elseif kind == "number" then n = n + 1; keys[n] = key; mixed = true
      else m = m + 1; others[m] = key end
    end
  end
  if mixed then sort(keys, order) else sort(keys) end
  for i = 1, m do keys[n + i] = others[i] end
  return keys
end
values.sorted_keys = sorted_keys

local ESCAPES = {['"'] = '\\"', ["\\"] = "\\\\", ["\b"] = "\\b", ["\f"] = "\\f", ["\n"] = "\\n", ["\r"] = "\\r",
                 ["\t"] = "\\t"}
local function escape(c) return ESCAPES[c] or format("\\u%04x", byte(c)) end

local function place(path, key)
  if math_type(key) == "integer" then return path .. "[" .. key .. "]" end
  return path == "" and tostring(key) or path .. "." .. tostring(key)
end

-- Text of a number, the same on every machine: 0/0 -> nan, which C calls -nan on some.
local function number_word(value) return value ~= value and "nan" or tostring(value) end
values.number_word = number_word

-- The shortest digits that mean the same number: 0.1 -> 0.1, and not 0.10000000000000001.
local function digits_of(value)
  for digits = 15, 16 do
    local text = format("%." .. digits .. "g", value)
    if tonumber(text) == value then return text end
  end
  return format("%.17g", value)
end

-- What has no JSON is an error with its place: `trail` holds the keys on the way to the value, and its name at 0.
local function refuse(trail, depth, what)
  local path = trail[0]
  for at = 1, depth - 1 do
    path = place(path, trail[at])
    if #path > 120 then path = sub(path, 1, 100) .. "..." break end
  end
  error({problem = (path == "" and "the value" or path) .. ": " .. what}, 0)
end

local function number_text(value, trail, depth)
  if math_type(value) == "integer" then return tostring(value) end
  if value ~= value or value == 1 / 0 or value == -1 / 0 then refuse(trail, depth, "JSON has no " .. number_word(value)) end
  if floor(value) == value and value < EXACT and value > -EXACT then return format("%d", value) end
  return digits_of(value)
end

local function string_text(value, trail, depth)
  if not find(value, '[%c"\\\127-\255]') then return '"' .. value .. '"' end
  if not utf8_len(value) then refuse(trail, depth, "the text is not UTF-8") end
  return '"' .. gsub(value, '[%c"\\\127]', escape) .. '"'
end

local encode_value

local function put(out, text)
  local n = out.n + 1
  out.n, out[n] = n, text
end

local function encode_list(t, count, out, trail, depth, open)
  put(out, "[")
  for i = 1, count do
    if i > 1 then put(out, ",") end
    local item = rawget(t, i)
    trail[depth] = i
    if item == nil then refuse(trail, depth + 1, "the list has a hole; use json.null for an empty place") end
    encode_value(item, out, trail, depth + 1, open)
  end
  put(out, "]")
end

local function encode_object(t, is_list, out, trail, depth, open)
  local keys = sorted_keys(t)
  local is_match = getmetatable(t) == MATCH
  put(out, "{")
  for i = 1, #keys do
    local key = keys[i]
    if type(key) ~= "string" and not (is_match and math_type(key) == "integer") then
      if is_list and #keys > 1 then
        refuse(trail, depth, "the table mixes list items and named fields, or has holes")
      end
      refuse(trail, depth, "a field's name is a " .. type(key) .. "; JSON needs text, or a list without holes")
    end
    put(out, (i > 1 and "," or "") .. string_text(tostring(key), trail, depth) .. ":")
    trail[depth] = key
    encode_value(rawget(t, key), out, trail, depth + 1, open)
  end
  put(out, "}")
end

local function encode_table(t, out, trail, depth, open)
  if open[t] then refuse(trail, depth, "the table contains itself") end
  local metatable = getmetatable(t)
  if values.is_own(metatable) then refuse(trail, depth, "a namespace cannot be written as JSON") end
  if depth > DEEPEST then refuse(trail, depth, "the table is nested more than " .. DEEPEST .. " deep") end
  open[t] = true
  local largest, size, items = 0, 0, 0
  for key in next, t do
    size = size + 1
    if math_type(key) == "integer" and key >= 1 then
      items = items + 1
      if key > largest then largest = key end
    end
  end
  if size == 0 then
    put(out, metatable == ARRAY and "[]" or "{}")
  elseif items == size and largest <= size * 2 + 8 and metatable ~= MATCH then
    encode_list(t, largest, out, trail, depth, open)
  else
    encode_object(t, items > 0, out, trail, depth, open)
  end
  open[t] = nil
end

function encode_value(value, out, trail, depth, open)
  local kind = type(value)
  if kind == "string" then put(out, string_text(value, trail, depth))
  elseif kind == "number" then put(out, number_text(value, trail, depth))
  elseif kind == "boolean" then put(out, value and "true" or "false")
  elseif value == nil or rawequal(value, NULL) then put(out, "null")
  elseif kind == "table" then encode_table(value, out, trail, depth, open)
  else refuse(trail, depth, "a " .. kind .. " cannot be written as JSON") end
end

-- Return the JSON of a value, with sorted keys; raises a plain message with the path of what has no JSON.
function values.encode(value, path)
  local out = {n = 0}
  local ok, problem = pcall(encode_value, value, out, {[0] = path or ""}, 1, {})
  if ok then return concat(out, "", 1, out.n) end
  return nil, type(problem) == "table" and problem.problem or problem
end

-- Decoding. `keep` keeps null fields; without, a field that is null is absent.

local UNESCAPED = {b = "\b", f = "\f", n = "\n", r = "\r", t = "\t", ['"'] = '"', ["\\"] = "\\", ["/"] = "/"}

local function wrong(at, what) error({problem = "not JSON: " .. what .. " at byte " .. at}, 0) end

local function unescape(text, at)
  local out, n, from = {}, 0, 1
  while true do
    local slash = find(text, "\\", from, true)
    n = n + 1; out[n] = sub(text, from, slash and slash - 1 or -1)
    if not slash then return concat(out) end
    local kind = sub(text, slash + 1, slash + 1)
    if kind == "u" then
      local code = tonumber(match(text, "^%x%x%x%x", slash + 2) or wrong(at + slash, "a wrong \\u"), 16)
      from = slash + 6
      if code >= 0xD800 and code < 0xDC00 then
        local low = tonumber(match(text, "^\\u(%x%x%x%x)", from) or "0", 16)
        if low < 0xDC00 or low > 0xDFFF then wrong(at + slash, "half a surrogate pair") end
        code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00)
        from = from + 6
      elseif code >= 0xDC00 and code <= 0xDFFF then wrong(at + slash, "half a surrogate pair") end
      n = n + 1; out[n] = utf8_char(code)
    else
      n = n + 1; out[n] = UNESCAPED[kind] or wrong(at + slash, "an unknown escape")
      from = slash + 2
    end
  end
end

local function read_string(s, at)
  -- Most texts have no escape: one call reads them.
  local _, last, plain = find(s, '^"([^"\\%c]*)"', at)
  if last then return plain, last + 1 end
  local stop = at + 1
  while true do
    local quote = find(s, '"', stop, true) or wrong(at, "a string without an end")
    local slashes = 0
    local k = quote - 1
    while byte(s, k) == 92 do slashes = slashes + 1; k = k - 1 end
    if slashes % 2 == 0 then
      local text = sub(s, at + 1, quote - 1)
      if find(text, "%c") and find(text, "[\0-\31]") then wrong(at, "a control character in a string") end
      if find(text, "\\", 1, true) then text = unescape(text, at) end
      return text, quote + 1
    end
    stop = quote + 1
  end
end

local WORDS = {t = {"true", true}, f = {"false", false}, n = {"null", NULL}}

local function read_value(s, at, keep, depth)
  local c = byte(s, at)
  if c == 34 then return read_string(s, at) end
  if c == 123 then
    if depth > DEEPEST_TEXT then wrong(at, "nested more than " .. DEEPEST_TEXT .. " deep") end
    local object = {}
    at = find(s, "[^ \t\r\n]", at + 1) or wrong(at, "an object without an end")
    if byte(s, at) == 125 then return object, at + 1 end
    while true do
      if byte(s, at) ~= 34 then wrong(at, "expected a field's name") end
      local key, value
      key, at = read_string(s, at)
      if byte(s, at) ~= 58 then
        at = find(s, "[^ \t\r\n]", at) or wrong(at, "an object without an end")
        if byte(s, at) ~= 58 then wrong(at, "expected ':'") end
      end
      at = at + 1
      local n = byte(s, at)
      if n == 34 then value, at = read_string(s, at)
      else
        if n == 32 or n == 10 or n == 9 or n == 13 then at = find(s, "[^ \t\r\n]", at) or wrong(at, "no value") end
        value, at = read_value(s, at, keep, depth + 1)
      end
      if value ~= NULL or keep then object[key] = value end
      n = byte(s, at)
      if n == 32 or n == 10 or n == 9 or n == 13 then
        at = find(s, "[^ \t\r\n]", at) or wrong(at, "an object without an end")
        n = byte(s, at)
      end
      if n == 125 then return object, at + 1 end
      if n ~= 44 then wrong(at, "expected ',' or '}'") end
      at = at + 1
      if byte(s, at) ~= 34 then at = find(s, "[^ \t\r\n]", at) or wrong(at, "an object without an end") end
    end
  end
  if c == 91 then
    if depth > DEEPEST_TEXT then wrong(at, "nested more than " .. DEEPEST_TEXT .. " deep") end
    local list, n, value = setmetatable({}, ARRAY), 0, nil
    at = find(s, "[^ \t\r\n]", at + 1) or wrong(at, "a list without an end")
    if byte(s, at) == 93 then return list, at + 1 end
    while true do
      value, at = read_value(s, at, keep, depth + 1)
      n = n + 1; list[n] = value
      local after = byte(s, at)
      if after == 32 or after == 10 or after == 9 or after == 13 then
        at = find(s, "[^ \t\r\n]", at) or wrong(at, "a list without an end")
        after = byte(s, at)
      end
      if after == 93 then return list, at + 1 end
      if after ~= 44 then wrong(at, "expected ',' or ']'") end
      at = find(s, "[^ \t\r\n]", at + 1) or wrong(at, "a list without an end")
    end
  end
  local _, last, digits = find(s, "^(-?[1-9]%d*)[,%]}]", at)
  if last then return tonumber(digits), last end
  local word = c and WORDS[char(c)]
  if word then
    if sub(s, at, at + #word[1] - 1) ~= word[1] then wrong(at, "an unknown word") end
    return word[2], at + #word[1]
  end
  local text = match(s, "^-?%d+%.?%d*[eE]?[+-]?%d*", at)
  local plain = text and match(text, "^-?(%d+)")
  if not text or (#plain > 1 and byte(plain) == 48) then wrong(at, "no value") end
  local number = tonumber(text)
  if not number or find(text, "%.$") or find(text, "%.[eE]") then wrong(at, "a wrong number") end
  return number, at + #text
end

-- Return the value of JSON text, or nil and what is wrong. Integers beyond 64 bits become floats.
function values.decode(text, keep)
  local ok, value, at = pcall(function()
    local first = find(text, "[^ \t\r\n]") or wrong(1, "nothing")
    local found, after = read_value(text, first, keep, 1)
    if find(text, "[^ \t\r\n]", after) then wrong(after, "something behind the value") end
    return found, after
  end)
  if ok then return value end
  return nil, type(value) == "table" and value.problem or value
end

-- Readable text: Lua-like, sorted, with cycles named by the path of the table that comes again.

local KEYWORDS = {}
for word in string.gmatch("and break do else elseif end false for function goto if in local nil not or repeat return then "
                          .. "true until while", "%a+") do KEYWORDS[word] = true end

local function quoted(text)
  return '"' .. gsub(text, '[%c"\\\127]', function(c) return ESCAPES[c] or format("\\%03d", byte(c)) end) .. '"'
end

local function key_text(key)
  if type(key) == "string" and find(key, "^[%a_][%w_]*$") and not KEYWORDS[key] then return key end
  if type(key) == "string" then return "[" .. quoted(key) .. "]" end
  if type(key) == "table" or type(key) == "function" or type(key) == "thread" then return "[" .. type(key) .. "]" end
  return "[" .. tostring(key) .. "]"
end

local function readable(value, indent, seen, path, depth)
  local kind = type(value)
  if kind == "string" then return quoted(value) end
  if kind == "number" then return number_word(value) end
  if kind == "boolean" or kind == "nil" then return tostring(value) end
  if rawequal(value, NULL) then return "null" end
  if kind ~= "table" then return kind end
  local described = rawget(getmetatable(value) or {}, "__described")
  if described and values.is_own(getmetatable(value)) then return described end
  if seen[value] then return "<cycle: " .. seen[value] .. ">" end
  if depth > DEEPEST then return "{...}" end
  seen[value] = path
  local parts, flat, length = {}, true, 0
  local count = rawlen(value)
  for i = 1, count do
    local part = readable(rawget(value, i), indent .. "  ", seen, path .. "[" .. i .. "]", depth + 1)
    parts[#parts + 1] = part
  end
  local keys = sorted_keys(value, count)
  for i = 1, #keys do
    local key = keys[i]
    local text = key_text(key)
    local dotted = sub(text, 1, 1) == "[" and path .. text or path .. "." .. text
    parts[#parts + 1] = text .. " = " .. readable(rawget(value, key), indent .. "  ", seen, dotted, depth + 1)
  end
  seen[value] = nil
  for i = 1, #parts do
    length = length + #parts[i] + 2
    if find(parts[i], "\n", 1, true) then flat = false end
  end
  if #parts == 0 then return "{}" end
  if flat and length + #indent <= LINE then return "{" .. concat(parts, ", ") .. "}" end
  return "{\n" .. indent .. "  " .. concat(parts, ",\n" .. indent .. "  ") .. "\n" .. indent .. "}"
end

-- Return readable text of a value: {b = {1, 2}, a = "x"} -> {a = "x", b = {1, 2}}.
function values.readable(value) return readable(value, "", {}, "root", 1) end

-- Metatables of namespaces; only these may say how they are shown.
local own = setmetatable({}, {__mode = "k"})
function values.is_own(metatable) return metatable ~= nil and own[metatable] == true end
function values.declare_own(metatable) own[metatable] = true; return metatable end

return values
