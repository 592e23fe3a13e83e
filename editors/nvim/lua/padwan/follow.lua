-- Watches jobs until they end, with the server's progress; the watching can stop, the job goes on.
local client_ = require("padwan.client")
local jobs = require("padwan.jobs")
local notify = require("padwan.notify")

local M = {}

--- By the job's name: who watches it, the request to cancel, and what was asked for with it.
---@type table<string, { client_id: integer, root: string, request: integer?, arguments: table }>
local followed = {}

local function alive(entry)
  local client = vim.lsp.get_client_by_id(entry.client_id)
  return client and not client:is_stopped()
end

local function forget(job)
  followed[job] = nil
  if jobs.get(job) then
    jobs.told({ job = job })
  end
end

-- Of a request that was cancelled, e.g. through its progress, Neovim calls nothing back.
vim.api.nvim_create_autocmd("LspRequest", {
  group = vim.api.nvim_create_augroup("padwan.follow", {}),
  desc = "padwan: the end of a poll that was cancelled",
  callback = function(event)
    local data = event.data
    if data.request.type ~= "complete" then
      return
    end
    for job, entry in pairs(followed) do
      if entry.client_id == data.client_id and entry.request == data.request_id then
        -- After the callback, which takes what was answered.
        vim.schedule(function()
          if followed[job] == entry then
            forget(job)
            notify.info("stopped watching " .. job .. "; it goes on at the service.")
          end
        end)
      end
    end
  end,
})

--- How many prompts of a job have no good answer, and in words.
local function without_answer(outcomes)
  local count, words = 0, {}
  for outcome, number in vim.spairs(outcomes) do
    if outcome ~= "ok" and outcome ~= "truncated" then
      count = count + number
      table.insert(words, ("%d %s"):format(number, outcome))
    end
  end
  return count, table.concat(words, ", ")
end

local function ended(result)
  local output = result.output
  jobs.told(result)
  local text = jobs.words(result)
  local count, words = without_answer(result.outcomes)
  if not result.done then
    notify.info(text .. ". The time was up; the job goes on.")
  elseif result.error ~= "" then
    notify.error(text .. ": " .. result.error)
  elseif count > 0 then
    notify.warn(("%s: %s. :Padwan results shows the answers, :Padwan retry lists what failed."):format(text, words))
  else
    notify.info(text .. ". :Padwan results shows the answers.")
  end
  if output ~= "" then
    notify.info("the results were written to " .. output .. ".")
  end
end

--- Watch a job with its client, unless that is done already.
---@param client vim.lsp.Client
---@param job string
---@param arguments? table further arguments of poll
function M.start(client, job, arguments)
  if M.is_followed(job) then
    return
  end
  local entry = { client_id = client.id, root = client.root_dir, arguments = arguments or {} }
  followed[job] = entry
  local wanted = vim.tbl_extend("force", { results = false }, entry.arguments, { job = job })
  entry.request = client_.execute(client, "poll", wanted, function(result)
    followed[job] = nil
    ended(result)
    if wanted.results then
      require("padwan.results_view").open(client, job)
    end
  end, function()
    forget(job)
    return false
  end)
  if jobs.get(job) then
    jobs.told({ job = job })
  end
end

---@param job string
---@return boolean
function M.is_followed(job)
  return followed[job] ~= nil and alive(followed[job]) == true
end

--- The workspace of a job that is watched.
---@param job string
---@return string?
function M.root(job)
  return followed[job] and followed[job].root
end

--- Stop watching a job, or all of them; whether any was watched. The jobs go on.
---@param job? string
---@return string[] stopped
function M.stop(job)
  local stopped = {}
  for name, entry in pairs(followed) do
    if job == nil or job == name then
      local client = vim.lsp.get_client_by_id(entry.client_id)
      if client and entry.request then
        client:cancel_request(entry.request)
      end
      forget(name)
      table.insert(stopped, name)
    end
  end
  return stopped
end

--- The jobs of a workspace that are watched, also those whose server has died, with what was asked for; from now on
--- nobody watches them.
---@param root string
---@return table<string, table> arguments by job
function M.take(root)
  local taken = {}
  for job, entry in pairs(followed) do
    if entry.root == root then
      taken[job] = entry.arguments
      followed[job] = nil
    end
  end
  return taken
end

--- Watch the jobs that were taken from another client.
---@param client vim.lsp.Client
---@param taken table<string, table>
function M.start_all(client, taken)
  for job, arguments in pairs(taken) do
    M.start(client, job, arguments)
  end
end

--- All that are watched now.
---@return string[]
function M.all()
  return vim.tbl_filter(M.is_followed, vim.tbl_keys(followed))
end

return M
