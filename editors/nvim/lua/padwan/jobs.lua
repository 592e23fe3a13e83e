-- The jobs that this Neovim has heard of, as they were last told.
local M = {}

--- By name; what the operations tell (docs/reference/operations.md, JobView) and, over it, what progress told later.
---@type table<string, table>
local known = {}
local count = 0

local listeners = {}

--- Call back whenever something about a job was told; without the job if some are gone.
---@param callback fun(job: table?)
function M.on_change(callback)
  table.insert(listeners, callback)
end

local function changed(job)
  for _, listener in ipairs(listeners) do
    listener(job)
  end
end

--- Take what an operation told of a job.
---@param job table
---@return table
function M.told(job)
  count = count + 1
  local kept = vim.tbl_extend("force", known[M.id(job)] or { heard = count }, job)
  -- They may be many, and are not looked for here.
  kept.results, kept.problems = nil, nil
  known[M.id(job)] = kept
  changed(kept)
  return kept
end

--- What to call a job in a command; a submission that was never answered has no name at the service.
---@param job table
---@return string
function M.id(job)
  return job.job ~= "" and job.job or job.id
end

---@param id string
---@return table?
function M.get(id)
  return known[id] or known["batches/" .. id]
end

--- Jobs are gone.
---@param ids string[]
function M.forget(ids)
  for _, id in ipairs(ids) do
    known[id] = nil
  end
  changed()
end

---@return table[] newest first
function M.all()
  local jobs = vim.tbl_values(known)
  table.sort(jobs, function(a, b)
    -- Of what is being sent, progress alone was heard.
    local a_created, b_created = a.created or "now", b.created or "now"
    if a_created ~= b_created then
      return a_created > b_created
    end
    -- Times are in seconds.
    return a.heard > b.heard
  end)
  return jobs
end

--- One look at a job that the server took while it polls.
---@param look table
function M.on_progress(look)
  local job = M.told(vim.tbl_extend("force", look, { polled = true }))
  vim.api.nvim_exec_autocmds("User", { pattern = "PadwanJob", data = vim.deepcopy(job), modeline = false })
  vim.cmd.redrawstatus()
end

--- A job's display name and state in a few words.
---@param job table
---@return string
function M.words(job)
  local words = ("%s %s %d/%d"):format(job.name or M.id(job), job.state, job.succeeded + job.failed, job.total)
  return job.failed > 0 and ("%s, %d failed"):format(words, job.failed) or words
end

return M
