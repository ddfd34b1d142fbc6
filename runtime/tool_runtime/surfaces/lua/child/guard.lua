-- Guard: the environment of a script, and the limits that hold inside Lua.
--
-- Owns the list of names that a script sees, the CPU hook, coroutines that keep the hook, and an order of tables and of
-- random numbers that is the same in every run of the same script. Trusted code holds each function in a local.

local values, clock = ...

local type, next, rawget, rawset, rawlen, rawequal = type, next, rawget, rawset, rawlen, rawequal
local error, select, ipairs, tonumber = error, select, ipairs, tonumber
local real_tostring, real_pcall, real_xpcall, real_setmetatable = tostring, pcall, xpcall, setmetatable
local raw_getmetatable, sethook, getinfo = debug.getmetatable, debug.sethook, debug.getinfo
local co_create, co_resume = coroutine.create, coroutine.resume
local co_status, co_close = coroutine.status, coroutine.close
local unpack, pack = table.unpack, table.pack
local find, gsub, format = string.find, string.gsub, string.format
local collect, math_type = collectgarbage, math.type
local sorted_keys = values.sorted_keys

local guard = {}
local STEPS = 10000
local expired, deadline, limit_text = false, 1 / 0, ""

-- Return the innermost line of the script, in the running coroutine; nil where only trusted code runs. A call in tail
-- position (`return f{...}`) has no line of its own any more: then the line is the one at which f was looked up last.
local looked_up, looked_up_line
local function script_line()
  for level = 2, 200 do
    local info = getinfo(level, "Slft")
    if not info then return looked_up_line end
    if info.source == "=script" then return info.currentline end
    if info.istailcall and info.func == looked_up then return looked_up_line end
  end
end
function guard.note_lookup(found)
  looked_up, looked_up_line = nil, nil
  looked_up, looked_up_line = found, script_line()
end
guard.script_line = script_line

local function at_line(text)
  local line = script_line()
  return line and "script:" .. line .. ": " .. text or text
end
guard.at_line = at_line

-- Text of an error with one place in the script: none of this code's own, and no second one where an error is raised
-- again. `guard:9: no` -> `script:3: no`, and `script:2: no` stays.
local function placed(problem)
  if type(problem) ~= "string" or find(problem, "^script:%d+: ") then return problem end
  return at_line((gsub(problem, "^%l+:%d+: ", "")))
end
guard.placed = placed

-- Pass on what a function of Lua returned; its error gets the script's line.
local function relayed(ok, ...)
  if ok then return ... end
  error(placed((...)), 0)
end

local function check_time()
  if clock() > deadline then
    if not expired then expired = at_line(limit_text) end
    error(expired, 0)
  end
end

-- Start a limit: `seconds` of CPU from now on, for one chunk.
function guard.start(seconds, text)
  expired, deadline, limit_text = false, clock() + seconds, text
  sethook(check_time, "", STEPS)
end
function guard.stop() sethook() end
function guard.expired() return expired end

-- Whoever catches the error of the limit gets the error again.
local function passed(...)
  if expired then error(expired, 0) end
  return ...
end

local function caught_pcall(f, ...) return passed(real_pcall(f, ...)) end
local function caught_xpcall(f, handler, ...)
  if type(handler) ~= "function" then error("bad argument #2 to 'xpcall' (function expected)", 2) end
  return passed(real_xpcall(f, function(problem)
    if expired then return problem end
    return handler(problem)
  end, ...))
end

-- Coroutines. Those of `parallel` belong to its scheduler, and nobody else resumes them.
local owned = real_setmetatable({}, {__mode = "k"})

local function create(f)
  if type(f) ~= "function" then error(at_line("bad argument #1 to 'create' (function expected)"), 0) end
  local co = co_create(f)
  sethook(co, check_time, "", STEPS)
  return co
end
local function checked(co, name)
  if type(co) ~= "thread" then
    error(at_line("bad argument #1 to '" .. name .. "' (coroutine expected)"), 0)
  end
  if owned[co] then error(at_line("coroutine." .. name .. ": a function of parallel runs by itself"), 0) end
end

-- Return a coroutine that calls f, and ends with whether that went well, and its value or problem: so variables that
-- wait to be closed are closed before the coroutine is over.
function guard.task(f)
  local co = create(function(...) return real_pcall(f, ...) end)
  owned[co] = true
  return co
end

-- Give up a coroutine of `parallel`, and return the line at which it stood.
function guard.give_up(co)
  local line
  for level = 0, 200 do
    local info = getinfo(co, level, "Sl")
    if not info or info.source == "=script" then line = info and info.currentline break end
  end
  co_close(co)
  return line
end

local function resume(co, ...)
  checked(co, "resume")
  return passed(co_resume(co, ...))
end
local function wrapped(co, ok, ...)
  if ok then return ... end
  local problem = ...
  if co_status(co) == "dead" then
    local _, closed = co_close(co)
    if closed ~= nil then problem = closed end
  end
  if expired then error(expired, 0) end
  error(placed(problem), 0)
end
local function wrap(f)
  local co = create(f)
  return function(...) return wrapped(co, passed(co_resume(co, ...))) end
end
local function close(co)
  checked(co, "close")
  return passed(relayed(real_pcall(co_close, co)))
end

-- Order: first the items 1..n, then the other keys, sorted. Keys that have no order come last.
local function walk(t)
  local at, keys, position = 0, nil, 0
  return function()
    if not keys then
      at = at + 1
      local item = rawget(t, at)
      if item ~= nil then return at, item end
      keys = sorted_keys(t, at - 1)
    end
    while true do
      position = position + 1
      local key = keys[position]
      if key == nil then return nil end
      local value = rawget(t, key)
      if value ~= nil then return key, value end
    end
  end
end

local function ordered_pairs(t, ...)
  local metatable = raw_getmetatable(t)
  local own = metatable and rawget(metatable, "__pairs")
  if own then
    local f, state, first = relayed(real_pcall(own, t))
    return f, state, first
  end
  if type(t) ~= "table" then
    error("bad argument #1 to 'for iterator' (table expected, got " .. type(t) .. ")", 2)
  end
  return walk(t), t, nil
end

local orders = real_setmetatable({}, {__mode = "k"})
local function order_of(t, length)
  local keys = sorted_keys(t, length)
  local index = {}
  for i = 1, #keys do index[keys[i]] = i end
  orders[t] = {keys = keys, index = index, length = length}
  return orders[t]
end
local function ordered_next(t, key)
  if type(t) ~= "table" then error("bad argument #1 to 'next' (table expected, got " .. type(t) .. ")", 2) end
  local known, position
  if key == nil or (math_type(key) == "integer" and key >= 1 and not (orders[t] and orders[t].index[key])) then
    local at = (key or 0) + 1
    local item = rawget(t, at)
    if item ~= nil then return at, item end
    if next(t) == nil then return nil end
    known, position = order_of(t, at - 1), 0
  else
    known = orders[t] or order_of(t, 0)
    position = known.index[key] or error("invalid key to 'next'", 2)
  end
  while true do
    position = position + 1
    local found = known.keys[position]
    if found == nil then orders[t] = nil; return nil end
    local value = rawget(t, found)
    if value ~= nil then return found, value end
  end
end

-- Text of a value: tables readable, and no addresses, which would differ between runs.
local function text_of(value)
  local kind = type(value)
  if kind == "table" then
    local metatable = raw_getmetatable(value)
    if metatable and rawget(metatable, "__tostring") ~= nil and not values.is_own(metatable) then
      return real_tostring(value)
    end
    return values.readable(value)
  end
  if kind == "function" or kind == "thread" then return kind end
  if kind == "number" then return values.number_word(value) end
  return real_tostring(value)
end
guard.text_of = text_of

local function formatted(pattern, ...)
  local given = pack(...)
  if type(pattern) == "string" and find(pattern, "%%[^%%%a]*p") then
    error(at_line("bad argument #1 to 'format' (%p shows addresses, which differ between runs)"), 0)
  end
  for i = 1, given.n do
    local kind = type(given[i])
    if kind == "table" or kind == "function" or kind == "thread" then given[i] = text_of(given[i]) end
  end
  return relayed(real_pcall(format, pattern, unpack(given, 1, given.n)))
end

local function guarded_setmetatable(t, metatable)
  if type(metatable) == "table" and rawget(metatable, "__gc") ~= nil then
    error("setmetatable: __gc is not available in scripts", 2)
  end
  return relayed(real_pcall(real_setmetatable, t, metatable))
end

-- Names that lead outside stay what they are.
local function guarded_rawset(t, key, value)
  if rawequal(t, values.null) or values.is_own(raw_getmetatable(t)) then
    error(at_line("rawset: " .. real_tostring(t) .. " cannot be changed"), 0)
  end
  return relayed(real_pcall(rawset, t, key, value))
end

-- An error that is raised again keeps its place.
local function raised(problem, level)
  if type(problem) == "string" and find(problem, "^script:%d+: ") then error(problem, 0) end
  level = level == nil and 1 or level
  if math_type(level) == nil then error(at_line("bad argument #2 to 'error' (number expected)"), 0) end
  error(problem, level > 0 and level + 1 or 0)
end
local function asserted(...)
  if ... then return ... end
  if select("#", ...) == 0 then error(at_line("bad argument #1 to 'assert' (value expected)"), 0) end
  if select("#", ...) == 1 then error(at_line("assertion failed!"), 0) end
  local problem = select(2, ...)
  error(placed(problem), 0)
end

local function guarded_collect(option, ...)
  if option == nil or option == "collect" then return collect("collect") end
  if option == "count" then return collect("count") end
  error("collectgarbage: only 'collect' and 'count' are available in scripts", 2)
end

-- Random numbers: splitmix64, one stream a branch of `parallel`, from the seed of the run.
local function hash(text)
  local h = -3750763034362895579
  for i = 1, #text do h = (h ~ string.byte(text, i)) * 1099511628211 end
  return h
end
local seed_text = ""
function guard.seed(text) seed_text = text end
function guard.stream(key) return hash(seed_text .. "/" .. key) end
local function draw(branch)
  branch.random = branch.random + -7046029254386353131
  local z = branch.random
  z = (z ~ (z >> 30)) * -4658895280553007687
  z = (z ~ (z >> 27)) * -7723592293110705685
  return z ~ (z >> 31)
end
function guard.random(current)
  return function(low, high)
    local bits = draw(current())
    if low == nil then return (bits >> 11) * (0.5 ^ 53) end
    if high == nil then low, high = 1, low end
    local from, to = math.tointeger(low), math.tointeger(high)
    if not from or not to then error("bad argument to 'random' (number has no integer representation)", 2) end
    if from > to then error("bad argument to 'random' (interval is empty)", 2) end
    local span = to - from + 1
    if span <= 0 then return span == 0 and bits or from + ((bits >> 1) % (to - from)) end
    return from + ((bits >> 1) % span)
  end
end

local function copied(library, names)
  local copy = {}
  for name in string.gmatch(names, "%S+") do copy[name] = library[name] end
  return copy
end

-- Return the global table of a script; `current` gives the running branch of `parallel`.
function guard.environment(current)
  local env = {
    _VERSION = _VERSION, assert = asserted, error = raised, ipairs = ipairs, select = select, type = type,
    tonumber = tonumber, rawequal = rawequal, rawget = rawget, rawlen = rawlen, rawset = guarded_rawset,
    getmetatable = getmetatable, setmetatable = guarded_setmetatable, collectgarbage = guarded_collect,
    next = ordered_next, pairs = ordered_pairs, pcall = caught_pcall, xpcall = caught_xpcall,
    math = copied(math, [[abs acos asin atan ceil cos deg exp floor fmod huge log max maxinteger min mininteger modf pi
      rad sin sqrt tan tointeger type ult]]),
    string = copied(string, [[byte char find gmatch gsub len lower match pack packsize rep reverse sub unpack upper]]),
    table = copied(table, "concat insert move pack remove sort unpack"),
    utf8 = copied(utf8, "char charpattern codepoint codes len offset"),
    coroutine = copied(coroutine, "isyieldable running status yield"),
  }
  env._G = env
  env.string.format = formatted
  env.tostring = function(...)
    if select("#", ...) == 0 then error("bad argument #1 to 'tostring' (value expected)", 2) end
    return relayed(real_pcall(text_of, (...)))
  end
  env.coroutine.create, env.coroutine.resume, env.coroutine.wrap, env.coroutine.close = create, resume, wrap, close
  local random = guard.random(current)
  env.random, env.math.random = random, random
  env.math.randomseed = function(seed)
    if seed ~= nil and type(seed) ~= "number" then
      error(at_line("bad argument #1 to 'randomseed' (number expected)"), 0)
    end
    current().random = hash(real_tostring(seed == nil and seed_text or seed))
  end
  local strings = raw_getmetatable("")
  strings.__index, strings.__metatable = env.string, false
  return env
end

return guard
