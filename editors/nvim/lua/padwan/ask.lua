-- Questions to the person: a job, a file, an output. Each calls back only with an answer.
local client_ = require("padwan.client")
local files = require("padwan.files")
local jobs = require("padwan.jobs")

local M = {}

local COMPLETION_WAITS = 1000 -- milliseconds

--- Which jobs an operation is for: those that have ended, or those that have not; of the others it is for both.
local done_for = { cancel = false, retry = true, export = true, results = true, delete = true }

local function fits(name, job)
  return done_for[name] == nil or done_for[name] == job.done
end

local function nothing_to(name, result)
  if #result.jobs == 0 then
    return "there are no jobs yet: :Padwan create sends a prompt file."
  end
  local why = done_for[name] and "no job has ended yet" or "every job has ended"
  return ("%s: there is none to %s."):format(why, name)
end

--- Take the jobs that a list told, which are newest first.
---@param result table
---@return table[]
function M.listed(result)
  return vim.iter(result.jobs):rev():map(jobs.told):rev():totable()
end

--- Ask for one of the recent jobs that an operation can be done with.
---@param client vim.lsp.Client
---@param name string of the operation
---@param title string
---@param callback fun(job: string)
function M.job(client, name, title, callback)
  client_.execute(client, "list", {}, function(result)
    local choices = vim.tbl_filter(function(job)
      return fits(name, job)
    end, M.listed(result))
    if #choices == 0 then
      require("padwan.notify").warn(nothing_to(name, result))
      return
    end
    vim.ui.select(choices, {
      prompt = title,
      kind = "padwan_job",
      format_item = function(job)
        return ("%s  %s"):format(jobs.words(job), jobs.id(job))
      end,
    }, function(job)
      if job then
        callback(jobs.id(job))
      end
    end)
  end)
end

--- The names of the recent jobs, for the command line: asked for if none is known yet.
---@return string[]
function M.job_names()
  local client = client_.find(vim.api.nvim_get_current_buf())
  if #jobs.all() == 0 and client then
    local params = { command = "padwan.batch.list", arguments = { vim.empty_dict() } }
    local answer = client:request_sync("workspace/executeCommand", params, COMPLETION_WAITS)
    if answer and answer.result then
      M.listed(answer.result)
    end
  end
  return vim.tbl_map(jobs.id, jobs.all())
end

--- The prompt file of the buffer, else one of the workspace that is picked, else one that is typed.
---@param client vim.lsp.Client
---@param bufnr integer
---@param title string
---@param callback fun(file: string)
function M.file(client, bufnr, title, callback)
  local name = vim.api.nvim_buf_get_name(bufnr)
  if name ~= "" and vim.bo[bufnr].buftype == "" and files.is_prompt_file(name) then
    callback(name)
    return
  end
  local found = files.prompt_files(client.root_dir)
  if #found == 0 then
    vim.ui.input({ prompt = title .. ": ", completion = "file" }, function(typed)
      if typed and typed ~= "" then
        callback(vim.fn.fnamemodify(typed, ":p"))
      end
    end)
    return
  end
  vim.ui.select(found, {
    prompt = title,
    kind = "padwan_file",
    format_item = function(path)
      return files.shown(path, client.root_dir)
    end,
  }, function(path)
    if path then
      callback(path)
    end
  end)
end

--- A file to write: proposed beside the prompt file of the job.
---@param client vim.lsp.Client
---@param job table?
---@param title string
---@param callback fun(output: string)
function M.output(client, job, title, callback)
  local file = job and job.file ~= "" and job.file or "batch"
  local base = file:gsub("%.[^./]*$", ""):gsub("%.prompts$", "")
  local proposed = vim.fn.fnamemodify(files.resolved(base .. ".results.json", client.root_dir), ":~:.")
  vim.ui.input({ prompt = title .. ": ", default = proposed, completion = "file" }, function(output)
    if output and output ~= "" then
      callback(vim.fn.fnamemodify(output, ":p"))
    end
  end)
end

--- Ask whether to do something that cannot be taken back.
---@param title string
---@param yes string
---@param no string
---@param callback fun()
function M.confirm(title, yes, no, callback)
  vim.ui.select({ yes, no }, { prompt = title }, function(picked)
    if picked == yes then
      callback()
    end
  end)
end

return M
