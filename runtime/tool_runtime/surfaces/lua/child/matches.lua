-- Matches: the library `regex` of scripts, over the patterns of Python that run in the process of the child.
--
-- Owns the shape of matches in Lua and the replacement by functions, which run in Lua. Only text crosses to Python.

local values, guard, relimit, regex_run = ...

local type, next, rawget, select, error, ipairs = type, next, rawget, select, error, ipairs
local sub, format, concat, tointeger = string.sub, string.format, table.concat, math.tointeger
local decode, text_of, at_line, NULL = values.decode, guard.text_of, guard.at_line, values.null

local function fail(message) error(at_line(message), 0) end

local function regex_call(name, ...)
  local given = {...}
  for i = 1, select("#", ...) do
    if type(given[i]) ~= "string" then fail(name .. ": expects text, not a " .. type(given[i])) end
  end
  local ok, text = regex_run(name, ...)
  relimit()
  if not ok then fail(name .. ": " .. text) end
  if text == "" then return nil end
  local value = decode(text)
  return value
end

-- The matches of JSON as tables: captures by number and name, `full` is the whole.
local function shaped(found)
  if found == nil then return nil end
  local captures = {full = found.full}
  for i, text in ipairs(found.groups) do if text ~= NULL then captures[i] = text end end
  for name, text in next, found.named do if text ~= NULL then captures[name] = text end end
  return values.matched(captures)
end

local function replaced(match_found, replacement)
  if type(replacement) == "table" then
    local value = rawget(replacement, match_found.groups[1] or match_found.full)
    return value == nil and match_found.full or text_of(value)
  end
  local captures = shaped(match_found)
  local value = replacement(captures)
  if value == nil or value == false then return match_found.full end
  return text_of(value)
end

return {
  match = function(subject, pattern, flags) return shaped(regex_call("regex.match", subject, pattern, flags or "")) end,
  match_all = function(subject, pattern, flags)
    local grouped = regex_call("regex.match_all", subject, pattern, flags or "")
    local result = {}
    for i, list in ipairs(grouped.groups) do result[i] = list end
    for name, list in next, grouped.named do result[name] = list end
    if next(grouped.named) ~= nil then return values.matched(result) end
    return result
  end,
  gsub = function(subject, pattern, replacement, limit)
    local most = limit == nil and 0 or tointeger(limit)
    if not most or most < 0 then fail("regex.gsub: the limit is a whole number, 0 or more") end
    if limit == 0 then return subject, 0 end
    if type(replacement) == "string" then
      local done = regex_call("regex.gsub", subject, pattern, replacement, format("%d", most))
      return done.text, done.count
    end
    if type(replacement) ~= "function" and type(replacement) ~= "table" then
      fail("regex.gsub: the replacement is text, a function or a table")
    end
    local found = regex_call("regex.find", subject, pattern, format("%d", most))
    local parts, from = {}, 1
    for _, one in ipairs(found) do
      parts[#parts + 1] = sub(subject, from, one.start)
      parts[#parts + 1] = replaced(one, replacement)
      from = one.stop + 1
    end
    parts[#parts + 1] = sub(subject, from)
    return concat(parts), #found
  end,
}
