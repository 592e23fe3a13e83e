-- The arguments of an operation: what the selected lines say, and what is missing is asked for.
local ask = require("padwan.ask")
local client_ = require("padwan.client")
local files = require("padwan.files")
local jobs = require("padwan.jobs")
local notify = require("padwan.notify")

local M = {}

---@param operation table
---@param name string
---@return table? parameter
function M.parameter(operation, name)
  return vim.iter(operation.parameters):find(function(parameter)
    return parameter.name == name
  end)
end

local function requires(operation, name)
  local parameter = M.parameter(operation, name)
  return parameter ~= nil and parameter.required
end

local function with(arguments, name, value)
  return vim.tbl_extend("force", arguments, { [name] = value })
end

-- The keys of the prompts that the lines of a prompt file touch
local function keys_of(client, bufnr, first, last, callback)
  local path = vim.api.nvim_buf_get_name(bufnr)
  local text = vim.api.nvim_buf_get_lines(bufnr, last - 1, last, false)[1]
  local range = {
    start = { line = first - 1, character = 0 },
    ["end"] = { line = last - 1, character = vim.str_utfindex(text, client.offset_encoding) },
  }
  client_.attach(client, path)
  client_.places(client, path, { range = range }, function(places)
    callback(vim.tbl_map(function(place)
      return place.key
    end, places))
  end)
end

--- Take the selected lines, if there are any: of a prompt file its prompts by their keys, else each line as a prompt.
---@param client vim.lsp.Client
---@param operation table
---@param arguments table
---@param context { bufnr: integer, lines?: [integer, integer] }
---@param next_step fun(arguments: table)
function M.with_lines(client, operation, arguments, context, next_step)
  if not context.lines then
    next_step(arguments)
    return
  end
  local path = vim.api.nvim_buf_get_name(context.bufnr)
  local in_prompt_file = files.is_prompt_file(path)
  local name = in_prompt_file and "keys" or "prompts"
  if not M.parameter(operation, name) then
    notify.error(("%s takes no lines of this file: leave the range out."):format(operation.name))
    return
  end
  local function take(chosen)
    if #chosen == 0 then
      notify.warn("there is no prompt in these lines.")
    elseif in_prompt_file and M.parameter(operation, "prompts") then
      next_step(with(with(arguments, "file", path), name, chosen))
    else
      next_step(with(arguments, name, chosen))
    end
  end
  local first, last = unpack(context.lines)
  if in_prompt_file then
    keys_of(client, context.bufnr, first, last, take)
    return
  end
  take(vim.tbl_filter(function(line)
    return vim.trim(line) ~= ""
  end, vim.api.nvim_buf_get_lines(context.bufnr, first - 1, last, false)))
end

local function with_file(client, operation, arguments, context, next_step)
  if not M.parameter(operation, "prompts") or arguments.file or arguments.prompts then
    next_step(arguments)
    return
  end
  ask.file(client, context.bufnr, operation.title, function(file)
    next_step(with(arguments, "file", file))
  end)
end

local function with_job(client, operation, arguments, _, next_step)
  if arguments.job then
    -- It can be called by a part of its name.
    local known = jobs.get(arguments.job)
    next_step(known and with(arguments, "job", jobs.id(known)) or arguments)
  elseif requires(operation, "job") then
    ask.job(client, operation.name, operation.title, function(job)
      next_step(with(arguments, "job", job))
    end)
  else
    next_step(arguments)
  end
end

local function with_output(client, operation, arguments, _, next_step)
  if not requires(operation, "output") or arguments.output then
    next_step(arguments)
    return
  end
  ask.output(client, jobs.get(arguments.job or ""), operation.title, function(output)
    next_step(with(arguments, "output", output))
  end)
end

-- What is one of a few words, e.g. the choice of resolve
local function with_choice(_, operation, arguments, _, next_step)
  local missing = vim.iter(operation.parameters):find(function(parameter)
    return parameter.required and #parameter.values > 0 and arguments[parameter.name] == nil
  end)
  if not missing then
    next_step(arguments)
    return
  end
  local prompt = ("%s, %s (%s)"):format(operation.title, missing.name, missing.description)
  vim.ui.select(missing.values, { prompt = prompt, kind = "padwan_choice" }, function(picked)
    if picked then
      next_step(with(arguments, missing.name, picked))
    end
  end)
end

-- Paths of the command line start at the current folder.
local function with_whole_paths(_, _, arguments, _, next_step)
  for _, name in ipairs({ "file", "output" }) do
    if arguments[name] then
      arguments = with(arguments, name, vim.fn.fnamemodify(arguments[name], ":p"))
    end
  end
  next_step(arguments)
end

local steps = { M.with_lines, with_file, with_job, with_output, with_choice, with_whole_paths }

--- Call back with all that an operation needs.
---@param client vim.lsp.Client
---@param operation table
---@param arguments table
---@param context { bufnr: integer, lines?: [integer, integer] }
---@param callback fun(arguments: table)
function M.complete(client, operation, arguments, context, callback)
  local function from(index, so_far)
    if not steps[index] then
      callback(so_far)
      return
    end
    steps[index](client, operation, so_far, context, function(more)
      from(index + 1, more)
    end)
  end
  from(1, arguments)
end

return M
