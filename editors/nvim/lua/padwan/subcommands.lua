-- What :Padwan does: every operation of the table, some with more than its answer, and a few of the editor's own.
local ask = require("padwan.ask")
local client_ = require("padwan.client")
local files = require("padwan.files")
local follow = require("padwan.follow")
local jobs = require("padwan.jobs")
local notify = require("padwan.notify")
local operations = require("padwan.operations")

local M = {}

local job_parameter = { name = "job", type = "string", required = true, values = {} }

--- Subcommands that are no operations.
M.own = {
  results = { parameters = { job_parameter } },
  stop = { parameters = { job_parameter } },
  restart = { parameters = {} },
  log = { parameters = {} },
}

---@return string[]
function M.names()
  local names = vim.tbl_map(function(operation)
    return operation.name
  end, operations)
  for name in vim.spairs(M.own) do
    if not vim.list_contains(names, name) then
      table.insert(names, name)
    end
  end
  return names
end

local function has(operation, name)
  return vim.iter(operation.parameters):any(function(parameter)
    return parameter.name == name
  end)
end

local function requires(operation, name)
  return vim.iter(operation.parameters):any(function(parameter)
    return parameter.name == name and parameter.required
  end)
end

-- Asking for what is missing

local function with_job(client, operation, arguments, next_step)
  if not requires(operation, "job") or arguments.job then
    next_step(arguments)
    return
  end
  ask.job(client, operation.name, operation.title, function(job)
    next_step(vim.tbl_extend("force", arguments, { job = job }))
  end)
end

local function with_file(client, operation, arguments, context, next_step)
  if not has(operation, "prompts") or arguments.file or arguments.prompts then
    next_step(arguments)
    return
  end
  ask.file(client, context.bufnr, operation.title, function(file)
    next_step(vim.tbl_extend("force", arguments, { file = file }))
  end)
end

local function with_output(client, operation, arguments, next_step)
  if not requires(operation, "output") or arguments.output then
    next_step(arguments)
    return
  end
  ask.output(client, jobs.get(arguments.job or ""), operation.title, function(output)
    next_step(vim.tbl_extend("force", arguments, { output = output }))
  end)
end

-- The selected lines: of a prompt file its prompts by their keys, else each line as a prompt
local function with_lines(client, arguments, context, next_step)
  if not context.lines then
    next_step(arguments)
    return
  end
  local first, last = unpack(context.lines)
  local path = vim.api.nvim_buf_get_name(context.bufnr)
  local lines = vim.api.nvim_buf_get_lines(context.bufnr, first - 1, last, false)
  if not files.is_prompt_file(path) then
    arguments.prompts = vim.tbl_filter(function(line)
      return vim.trim(line) ~= ""
    end, lines)
    next_step(arguments)
    return
  end
  local range = {
    start = { line = first - 1, character = 0 },
    ["end"] = { line = last - 1, character = vim.str_utfindex(lines[#lines], client.offset_encoding) },
  }
  client_.places(client, path, { range = range }, function(places)
    arguments.file = path
    arguments.keys = vim.tbl_map(function(place)
      return place.key
    end, places)
    next_step(arguments)
  end)
end

-- A job is easier to find again under the name of its file than under the one that every unnamed job has.
local function named_after(operation, arguments)
  if has(operation, "name") and not arguments.name then
    arguments.name = vim.fs.basename(arguments.file):gsub("%.[^.]*$", ""):gsub("%.prompts$", "")
  end
end

-- What comes after an answer

local function summary(operation, result)
  if type(result.message) == "string" then
    return result.message
  end
  if result.state and result.total then
    return ("%s  %s"):format(jobs.words(jobs.told(result)), jobs.id(result))
  end
  local told = {}
  for name, value in vim.spairs(result) do
    if type(value) ~= "table" and value ~= "" then
      table.insert(told, ("%s: %s"):format(name, value))
    end
  end
  return ("%s: %s"):format(operation.title, table.concat(told, ", "))
end

local after = {}

function after.create(client, result)
  local text = ("%d prompts were sent as %s (%s)."):format(result.total, jobs.id(result), result.model)
  for _, warning in ipairs(result.warnings) do
    notify.warn(warning)
  end
  notify.info(text)
  jobs.told(result)
  if result.job ~= "" then
    follow.start(client, result.job)
  end
end

function after.validate(client, result)
  local text = ("%d prompts, %d errors, %d warnings"):format(result.prompts, result.errors, result.warnings)
  require("padwan.quickfix").problems(client, result)
  notify[result.valid and "info" or "error"](result.file ~= "" and result.file .. ": " .. text or text)
end

function after.export(_, result)
  notify.info(("%d rows were written to %s."):format(result.rows, result.output))
  if result.warning ~= "" then
    notify.warn(result.warning)
  end
end

-- An error that has an answer
local on_error = {}

function on_error.export(client, operation, arguments, failure)
  if failure.data.code ~= "output-exists" then
    return false
  end
  ask.confirm(failure.data.message, "Replace it", "Leave it", function()
    M.execute(client, operation, vim.tbl_extend("force", arguments, { overwrite = true }))
  end)
  return true
end

--- Run an operation whose arguments are complete.
---@param client vim.lsp.Client
---@param operation table
---@param arguments table
function M.execute(client, operation, arguments)
  client_.execute(client, operation.name, arguments, function(result)
    if after[operation.name] then
      after[operation.name](client, result)
    else
      notify.info(summary(operation, result))
    end
  end, function(failure)
    local deal = failure.data and on_error[operation.name]
    return deal and deal(client, operation, arguments, failure)
  end)
end

-- Operations that do more than to run and to tell
local instead = {}

function instead.list(client)
  require("padwan.jobs_view").open(client)
end

function instead.poll(client, _, arguments)
  -- What was asked for now counts, e.g. an output, and not how the job was watched before.
  follow.stop(arguments.job)
  follow.start(client, arguments.job, arguments)
end

function instead.cancel(client, operation, arguments, context)
  local function cancel()
    M.execute(client, operation, arguments)
  end
  if context.confirm then
    ask.confirm("Cancel " .. arguments.job .. "?", "Cancel the job", "Leave it", cancel)
  else
    cancel()
  end
end

function instead.retry(client, operation, arguments)
  if arguments.submit then
    require("padwan.retry").send(client, arguments)
  else
    require("padwan.retry").offer(client, operation, arguments)
  end
end

local function run_operation(client, operation, arguments, context)
  with_lines(client, arguments, context, function(lined)
    with_file(client, operation, lined, context, function(filed)
      with_job(client, operation, filed, function(named)
        with_output(client, operation, named, function(complete)
          for _, name in ipairs({ "file", "output" }) do
            if complete[name] then
              complete[name] = vim.fn.fnamemodify(complete[name], ":p")
            end
          end
          if complete.file then
            client_.attach(client, complete.file)
            named_after(operation, complete)
          end
          local run = instead[operation.name]
          if run then
            run(client, operation, complete, context)
          else
            M.execute(client, operation, complete)
          end
        end)
      end)
    end)
  end)
end

-- The editor's own

local function results(client, arguments, context)
  if arguments.job then
    require("padwan.results_view").open(client, arguments.job)
    return
  end
  require("padwan.results_view").open_beside(client, context.bufnr)
end

local function stop(arguments)
  local stopped = follow.stop(arguments.job)
  if #stopped == 0 then
    notify.warn("no job is watched.")
  else
    notify.info("stopped watching " .. table.concat(stopped, ", ") .. "; it goes on at the service.")
  end
end

--- Run a subcommand; what it needs is asked for.
---@param name string
---@param arguments table
---@param context { bufnr?: integer, lines?: [integer, integer], confirm?: boolean } confirm: ask before a job is cancelled
function M.run(name, arguments, context)
  arguments = vim.deepcopy(arguments)
  context = vim.tbl_extend("force", { bufnr = vim.api.nvim_get_current_buf() }, context)
  if name == "restart" then
    client_.restart()
  elseif name == "log" then
    client_.log()
  elseif name == "stop" then
    stop(arguments)
  else
    client_.with(context.bufnr, function(client)
      if name == "results" then
        results(client, arguments, context)
      else
        run_operation(client, assert(require("padwan.command").operation(name)), arguments, context)
      end
    end)
  end
end

return M
