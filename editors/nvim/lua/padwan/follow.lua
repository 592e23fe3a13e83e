-- Watches jobs until they end, with the server's progress; the watching can stop, the job goes on.
local client_ = require("padwan.client")
local jobs = require("padwan.jobs")
local notify = require("padwan.notify")

local M = {}

--- By the job's name: who watches it, and the request to cancel.
---@type table<string, { client_id: integer, root: string, request: integer? }>
local followed = {}

local function alive(entry)
  local client = vim.lsp.get_client_by_id(entry.client_id)
  return client and not client:is_stopped()
end

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
  local entry = { client_id = client.id, root = client.root_dir }
  followed[job] = entry
  local wanted = vim.tbl_extend("force", { results = false }, arguments or {}, { job = job })
  entry.request = client_.execute(client, "poll", wanted, function(result)
    followed[job] = nil
    ended(result)
  end, function()
    followed[job] = nil
    if jobs.get(job) then
      jobs.told({ job = job })
    end
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
      followed[name] = nil
      table.insert(stopped, name)
      if jobs.get(name) then
        jobs.told({ job = name })
      end
    end
  end
  return stopped
end

--- The jobs of a workspace that are watched, also those whose server has died.
---@param root string
---@return string[]
function M.followed(root)
  return vim.tbl_filter(function(job)
    return followed[job].root == root
  end, vim.tbl_keys(followed))
end

--- All that are watched now.
---@return string[]
function M.all()
  return vim.tbl_filter(M.is_followed, vim.tbl_keys(followed))
end

return M
