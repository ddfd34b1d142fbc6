-- Bridge: what a script calls outside, and the scheduler of `parallel`.
--
-- Owns the proxies of namespaces, the numbering of calls, waiting for answers, and the end of a run. Only text crosses to
-- the host. A call is named by its branch and its number there (`0:3`, `0/2.1:1`), which are the same in every run of the
-- same script, in whatever order answers come.

local values, guard, regex, send, receive, relimit, lift, clock = ...

local type, next, rawget, rawlen, select, tostring = type, next, rawget, rawlen, select, tostring
local error, pcall, xpcall, setmetatable, ipairs = error, pcall, xpcall, setmetatable, ipairs
local raw_getmetatable, getinfo, load = debug.getmetatable, debug.getinfo, load
local co_running, co_resume, co_status = coroutine.running, coroutine.resume, coroutine.status
local co_yield, isyieldable = coroutine.yield, coroutine.isyieldable
local sub, gsub, format = string.sub, string.gsub, string.format
local concat, pack, unpack, remove = table.concat, table.pack, table.unpack, table.remove
local tointeger, rawequal, utf8_len = math.tointeger, rawequal, utf8.len
local encode, decode, text_of, at_line = values.encode, values.decode, guard.text_of, guard.at_line
local NULL = values.null
local function heap() return collectgarbage("count") end

local bridge = {}
local WAIT, JOIN = {}, {}
local MOST_TASKS, MOST_ARGUMENTS, DEEPEST = 1000, 20, 50

local main = {key = "0", calls = 0, groups = 0, random = 0, depth = 0}
local current = main
function bridge.current() return current end

local serial = 0
local replies, waiting, ready = {}, {}, {}

local function fail(message) error(at_line(message), 0) end

-- Take one answer from the host, and wake the task that waits for it.
local function pump()
  local id, ok, body = receive()
  relimit()
  id = tointeger(id)
  replies[id] = {ok, body}
  local task = waiting[id]
  if task then
    waiting[id] = nil
    ready[#ready + 1] = task
  end
end

local function answer_of(id)
  local task = current.task
  while not replies[id] do
    if task and co_running() == task.co and isyieldable() then
      waiting[id] = task
      co_yield(WAIT)
    else
      pump()
    end
  end
  local answer = replies[id]
  replies[id] = nil
  return answer[1], answer[2]
end

-- Ask the host and return its answer; what the host refuses is an error with the script's line.
local function request(path, body)
  local branch = current
  branch.calls = branch.calls + 1
  serial = serial + 1
  local id = serial
  local line = guard.script_line() or 0
  send("C", id .. " " .. branch.key .. ":" .. branch.calls .. " " .. line .. " " .. path .. "\n" .. body)
  local ok, text = answer_of(id)
  if not ok then fail(text) end
  if text == "" then return nil end
  local value, problem = decode(text)
  if problem then fail(path .. ": " .. problem) end
  return value
end

local function encoded(path, value)
  local text, problem = encode(value)
  if not text then fail(path .. ": " .. problem) end
  return text
end

-- Arguments: one table, or values by position.
local function call(path, ...)
  local count = select("#", ...)
  if count > MOST_ARGUMENTS then fail(path .. ": takes at most " .. MOST_ARGUMENTS .. " values, or one table") end
  local first = ...
  if values.is_own(raw_getmetatable(first)) then fail(path .. ": is called with a dot, not with a colon") end
  if count == 1 and type(first) == "table" and not rawequal(first, NULL) then
    return request(path, encoded(path, first))
  end
  local out = {}
  for i = 1, count do out[i] = encoded(path, (select(i, ...))) end
  return request(path, "P[" .. concat(out, ",") .. "]")
end

-- Namespaces: empty proxies, so that no script can change what another call sees.

-- The rows of a list, page after page: each page is one call, which says how the next one is asked for.
local function rows_of(path, ...)
  local arguments = encoded(path, (...) == nil and {} or (...))
  local rows, at, following = nil, 0, arguments
  return function()
    while true do
      if rows then
        at = at + 1
        local row = rows[at]
        if row ~= nil then return row end
        if not following then return nil end
      end
      local page = request(path, following)
      rows, at, following = page.rows, 0, page.next
    end
  end
end

local make

local function missing(path, key)
  serial = serial + 1
  local id = serial
  send("M", id .. " " .. path .. "\n" .. (type(key) == "string" and key or "?"))
  local _, text = answer_of(id)
  fail(text)
end

local function member(node, path, key, known)
  local found = known[key]
  guard.note_lookup(found)
  if found ~= nil then return found end
  if type(key) ~= "string" then return missing(path, key) end
  local place = path .. "." .. key
  local child = node.n and node.n[key]
  if child then
    found = make(child, place)
  elseif node.functions[key] or node.o then
    -- No tail calls: the frame of this function says whether the script's own line is lost, see `guard.script_line`.
    local make_call = node.k == "rows" and rows_of or call
    found = function(...)
      local value = make_call(place, ...)
      return value
    end
  elseif node.accounts[key] then
    found = make({f = node.f, functions = node.functions, n = node.n, k = node.k, s = {}}, place)
  else
    return missing(path, key)
  end
  known[key] = found
  guard.note_lookup(found)
  return found
end

function make(node, path)
  if not node.functions then
    node.functions, node.accounts = {}, {}
    for _, name in ipairs(node.f or {}) do node.functions[name] = true end
  end
  node.accounts = {}
  for _, name in ipairs(node.s or {}) do node.accounts[name] = true end
  local known = {}
  local metatable = values.declare_own({
    __metatable = false, __described = "<" .. path .. ">", __name = path,
    __index = function(_, key) return member(node, path, key, known) end,
    __newindex = function(_, key) fail(path .. ": names cannot be set here") end,
    __tostring = function() return "<" .. path .. ">" end,
    __pairs = function()
      local names = {}
      for _, part in ipairs({node.n or {}, node.accounts, node.functions}) do
        for _, name in ipairs(values.sorted_keys(part)) do names[#names + 1] = name end
      end
      local at = 0
      return function()
        at = at + 1
        local name = names[at]
        if name ~= nil then return name, member(node, path, name, known) end
      end
    end,
  })
  return setmetatable({}, metatable)
end
bridge.make = make

-- parallel: each function is a branch with a number of its own; all end before the first error is raised.

local function step(task)
  local before = current
  current = task.branch
  local ok, went_well, what
  if task.started then ok, went_well, what = co_resume(task.co)
  else
    task.started = true
    ok, went_well, what = co_resume(task.co, unpack(task.given, 1, task.given.n))
  end
  current = before
  if guard.expired() then error(guard.expired(), 0) end
  if co_status(task.co) == "dead" then
    task.over = true
    if not ok then task.failed, task.problem = true, went_well
    elseif went_well then task.result = what
    else task.failed, task.problem = true, what end
  elseif went_well ~= WAIT and went_well ~= JOIN then
    local line = guard.give_up(task.co)
    task.over, task.failed = true, true
    task.problem = "coroutine.yield: a function of parallel has nobody to yield to"
    if line then task.problem = "script:" .. line .. ": " .. task.problem end
  end
  if task.over then
    local group = task.group
    group.open = group.open - 1
    if group.queued and group.queued[1] then
      ready[#ready + 1] = remove(group.queued, 1)
    end
    if group.open == 0 and group.waiter then ready[#ready + 1] = group.waiter end
  end
end

local function run_group(group)
  local task = current.task
  local inside = task and co_running() == task.co and isyieldable()
  while group.open > 0 do
    if inside then
      group.waiter = task
      co_yield(JOIN)
    elseif ready[1] then
      step(remove(ready, 1))
    else
      pump()
    end
  end
end

local function run_all(functions, concurrency)
  local branch = current
  -- The host reads names of calls of this depth, and no deeper ones.
  if branch.depth >= DEEPEST then fail("parallel: nested more than " .. DEEPEST .. " deep") end
  branch.groups = branch.groups + 1
  local group = {open = #functions, queued = {}}
  local tasks = {}
  for i = 1, #functions do
    local key = branch.key .. "/" .. branch.groups .. "." .. i
    local own = {key = key, calls = 0, groups = 0, random = guard.stream(key), depth = branch.depth + 1}
    local task = {co = guard.task(functions[i][1]), given = functions[i][2], group = group, branch = own}
    own.task = task
    tasks[i] = task
    if i <= concurrency then ready[#ready + 1] = task else group.queued[#group.queued + 1] = task end
  end
  run_group(group)
  local results = values.array({})
  for i = 1, #tasks do
    if tasks[i].failed then error(guard.placed(tasks[i].problem), 0) end
    results[i] = tasks[i].result == nil and NULL or tasks[i].result
  end
  return results
end

local function functions_of(name, list)
  if type(list) ~= "table" then fail(name .. ": expects a list of functions") end
  local functions = {}
  for i = 1, rawlen(list) do
    if type(rawget(list, i)) ~= "function" then fail(name .. ": item " .. i .. " is no function") end
    functions[i] = {rawget(list, i), pack()}
  end
  if #functions == 0 and next(list) ~= nil then fail(name .. ": expects a list, such as parallel{f, g}") end
  if #functions > MOST_TASKS then fail(name .. ": takes at most " .. MOST_TASKS .. " functions") end
  return functions
end

local function parallel(list)
  local functions = functions_of("parallel", list)
  return run_all(functions, #functions)
end

local function parallel_map(list, f, options)
  if type(list) ~= "table" then fail("parallel_map: expects a list") end
  if type(f) ~= "function" then fail("parallel_map: expects a function behind the list") end
  local concurrency = 5
  if options ~= nil then
    concurrency = type(options) == "table" and tointeger(rawget(options, "concurrency") or 5) or nil
    if not concurrency or concurrency < 1 then fail("parallel_map: concurrency is a whole number above 0") end
    for key in next, options do
      if key ~= "concurrency" then fail("parallel_map: there is no option " .. text_of(key) .. "; it takes concurrency") end
    end
  end
  local functions = {}
  for i = 1, rawlen(list) do functions[i] = {f, pack(rawget(list, i), i)} end
  if #functions > MOST_TASKS then fail("parallel_map: takes at most " .. MOST_TASKS .. " items") end
  return run_all(functions, concurrency)
end

-- Text in and out.

-- Text of a value, where what is wrong with its __tostring gets the script's line.
local function shown(value)
  local ok, text = pcall(text_of, value)
  if ok then return text end
  if guard.expired() then error(guard.expired(), 0) end
  fail((gsub(text_of(text), "^%a+:%d+: ", "")))
end

local function print_text(...)
  local parts = {}
  for i = 1, select("#", ...) do
    local text = shown((select(i, ...)))
    parts[i] = text
  end
  send("P", concat(parts, "\t") .. "\n")
end

local function dump(...)
  for i = 1, select("#", ...) do send("P", values.readable((select(i, ...))) .. "\n") end
  return ...
end

local function seconds_of(name, value)
  if type(value) ~= "number" or value ~= value or value < 0 or value == 1 / 0 then
    fail(name .. ": expects a number of seconds, 0 or more")
  end
  return format("%.17g", value)
end

-- Put into a script's environment what leads outside. `tree` is the host's manifest of namespaces.
function bridge.furnish(env, tree, args)
  main.random = guard.stream(main.key)
  for name, node in next, tree do env[name] = make(node, name) end
  env.json = {
    null = NULL,
    array = function(items)
      local ok, list = pcall(values.array, items)
      if not ok then fail(list) end
      return list
    end,
    encode = function(value)
      local text, problem = encode(value)
      if not text then fail("json.encode: " .. problem) end
      return text
    end,
    decode = function(text, options)
      if type(text) ~= "string" then fail("json.decode: expects text, not a " .. type(text)) end
      local value, problem = decode(text, type(options) == "table" and rawget(options, "null") == true)
      if problem then fail("json.decode: " .. problem) end
      return value
    end,
  }
  env.regex = regex
  env.print, env.dump = print_text, dump
  env.parallel, env.parallel_map = parallel, parallel_map
  if not rawequal(args, NULL) then env.args = args end
  env.now = function() return request("now", "P[]") end
  env.sleep = function(seconds) request("sleep", "P[" .. seconds_of("sleep", seconds) .. "]") end
  env.progress = function(n, total, text)
    local known = {n = n, total = total, text = text ~= nil and text_of(text) or nil}
    send("G", encoded("progress", known))
  end
end

-- Run one chunk, and tell the host how it ended.

local function problem_text(problem)
  local kind = type(problem)
  if kind == "string" then return problem end
  if kind == "number" then return tostring(problem) end
  if problem == nil then return "nil" end
  local ok, text = pcall(text_of, problem)
  if ok and type(text) == "string" then return text end
  return "(" .. kind .. " value)"
end

local function trace()
  local lines = {}
  for level = 3, 100 do
    local info = getinfo(level, "Sln")
    if not info then break end
    if info.source == "=script" then lines[#lines + 1] = {line = info.currentline, name = info.name} end
    if #lines >= 20 then break end
  end
  return lines
end

local function cleaned(text)
  return (gsub(sub(text, 1, 65536), "[\128-\255]+", function(part) return utf8_len(part) and part or "?" end))
end

-- Where the heap is full, there is no room for words either: so the limit does not hold while this code writes them.
local function ended_badly(kind, problem, lines)
  local ok, text = pcall(problem_text, problem)
  lift()
  if not ok then text = type(text) == "string" and text or "not enough memory" end
  for _, line in ipairs(lines or {}) do line.name = line.name and cleaned(line.name) end
  send("E", encode({kind = kind, message = cleaned(text), trace = lines or {}}))
  relimit()
end

-- In front of every chunk: where a variable waits to be closed, no call is a tail call, and so none loses its line.
local HEAD = "local __open <close> = nil "
local LIMIT = "CPU time limit exceeded (%g s)"

-- Tell the host what was used: seconds of CPU, and bytes of heap.
local function report_use(begin)
  send("U", format("%g %g", clock() - begin, heap() * 1024))
end

function bridge.run(source, env, seconds, only_compile)
  relimit()
  local loaded, chunk, problem = pcall(load, HEAD .. source, "=script", "t", env)
  if not loaded then return ended_badly("syntax", chunk) end
  if not chunk then return ended_badly("syntax", problem) end
  if only_compile then return send("R", "") end
  local lines
  local begin = clock()
  guard.start(seconds, format(LIMIT, seconds))
  local results = pack(xpcall(chunk, function(wrong) lines = trace(); return wrong end))
  local expired = guard.expired()
  guard.stop()
  report_use(begin)
  if not results[1] then
    local kind = "runtime"
    if expired then kind = "cpu" elseif results[2] == "not enough memory" then kind = "memory" end
    return ended_badly(kind, expired or results[2], lines)
  end
  if results.n == 1 then return send("R", "") end
  local value = results[2]
  if results.n > 2 then value = values.array({unpack(results, 2, results.n)}) end
  for i = 3, results.n do if results[i] == nil then value[i - 1] = NULL end end
  if results.n > 2 and results[2] == nil then value[1] = NULL end
  guard.start(seconds, format(LIMIT, seconds))
  local ok, text, trouble = pcall(encode, value, "result")
  guard.stop()
  if not ok then return ended_badly(guard.expired() and "cpu" or "runtime", text) end
  if not text then return ended_badly("result", trouble) end
  send("R", text)
end

return bridge
