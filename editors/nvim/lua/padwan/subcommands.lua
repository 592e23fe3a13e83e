-- What :Padwan does: every operation of the table, some with more than its answer, and a few of the editor's own.
local arguments_ = require("padwan.arguments")
local ask = require("padwan.ask")
local client_ = require("padwan.client")
local follow = require("padwan.follow")
local jobs = require("padwan.jobs")
local notify = require("padwan.notify")
local operations = require("padwan.operations")

local M = {}

local job_parameter = { name = "job", type = "string", required = true, values = {} }

--- Subcommands that are no operations.
M.own = {
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

-- A job is easier to find again under the name of its file than under the one that every unnamed job has.
local function named_after(operation, arguments)
  if arguments_.parameter(operation, "name") and not arguments.name then
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

local function counted(number, noun)
  return ("%d %s%s"):format(number, noun, number == 1 and "" or "s")
end

local after = {}

function after.status(client, result, arguments)
  jobs.told(result)
  notify.info(("%s  %s"):format(jobs.words(result), jobs.id(result)))
  if arguments.results and result.done then
    require("padwan.results_view").open(client, jobs.id(result))
  end
end

function after.delete(_, result, arguments)
  jobs.forget({ arguments.job })
  notify.info(result.message)
end

function after.prune(_, result, arguments)
  if not arguments.dry_run then
    jobs.forget(result.jobs)
  end
  notify.info(result.message)
end

function after.resolve(client, result, arguments)
  notify.info(result.message)
  -- It can have another name now, or be gone.
  jobs.forget({ arguments.job })
  if result.job then
    jobs.told(result.job)
    if not result.job.done and result.job.job ~= "" then
      follow.start(client, result.job.job)
    end
  end
end

function after.create(client, result)
  local text = ("%s sent as %s (%s)."):format(
    result.total == 1 and "1 prompt was" or result.total .. " prompts were",
    jobs.id(result),
    result.model
  )
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
  local text = ("%s, %s, %s"):format(
    counted(result.prompts, "prompt"),
    counted(result.errors, "error"),
    counted(result.warnings, "warning")
  )
  require("padwan.quickfix").problems(client, result)
  notify[result.valid and "info" or "error"](result.file ~= "" and result.file .. ": " .. text or text)
end

function after.export(_, result)
  local rows = result.rows == 1 and "1 row was" or result.rows .. " rows were"
  notify.info(("%s written to %s."):format(rows, result.output))
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
      after[operation.name](client, result, arguments)
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

function instead.list(client, _, arguments)
  require("padwan.jobs_view").open(client, arguments)
end

function instead.poll(client, _, arguments)
  local function watch(job)
    -- What was asked for now counts, e.g. an output, and not how the job was watched before.
    follow.stop(job)
    follow.start(client, job, arguments)
  end
  if jobs.get(arguments.job) then
    watch(arguments.job)
    return
  end
  -- A job can be called by a part of its name.
  client_.execute(client, "status", { job = arguments.job }, function(result)
    watch(jobs.id(jobs.told(result)))
  end)
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

-- What cannot be undone is asked for, also when the job was named.
function instead.delete(client, operation, arguments)
  local title = ("Delete %s, at the service and here, with its answers?"):format(arguments.job)
  ask.confirm(title, "Delete the job", "Leave it", function()
    M.execute(client, operation, arguments)
  end)
end

function instead.prune(client, operation, arguments)
  if arguments.dry_run then
    M.execute(client, operation, arguments)
    return
  end
  local looking = vim.tbl_extend("force", arguments, { dry_run = true })
  client_.execute(client, operation.name, looking, function(result)
    if #result.jobs == 0 then
      notify.info(result.message)
      return
    end
    ask.confirm(result.message, "Forget them", "Leave them", function()
      M.execute(client, operation, arguments)
    end)
  end)
end

function instead.retry(client, operation, arguments)
  if arguments.submit then
    require("padwan.retry").send(client, arguments)
  else
    require("padwan.retry").offer(client, operation, arguments)
  end
end

local function run_operation(client, operation, given, context)
  arguments_.complete(client, operation, given, context, function(arguments)
    if arguments.file then
      client_.attach(client, arguments.file)
      named_after(operation, arguments)
    end
    local run = instead[operation.name] or M.execute
    run(client, operation, arguments, context)
  end)
end

-- The editor's own

local function results(client, arguments, context)
  local operation = require("padwan.command").operation("results")
  arguments_.with_lines(client, operation, arguments, context, function(wanted)
    if wanted.job then
      require("padwan.results_view").open(client, wanted.job, nil, wanted)
    else
      require("padwan.results_view").open_beside(client, context.bufnr, wanted)
    end
  end)
end

local function stop(arguments)
  local known = jobs.get(arguments.job or "")
  local stopped = follow.stop(known and jobs.id(known) or arguments.job)
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
