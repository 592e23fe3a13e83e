-- Retrying: the failed prompts into the quickfix list, then the question whether to send them again.
local client_ = require("padwan.client")
local files = require("padwan.files")
local follow = require("padwan.follow")
local jobs = require("padwan.jobs")
local notify = require("padwan.notify")

local M = {}

--- Send the failed prompts again, and watch the new job.
---@param client vim.lsp.Client
---@param arguments table
function M.send(client, arguments)
  local wanted = vim.tbl_extend("force", arguments, { submit = true })
  client_.execute(client, "retry", wanted, function(result)
    notify.info(result.message)
    if result.submitted and result.submitted.job ~= "" then
      jobs.told(result.submitted)
      follow.start(client, result.submitted.job)
    end
  end)
end

--- What can be sent: the texts as they were, or as the prompt file has them now.
local function choices(arguments, as_before, as_now, file)
  local count = #as_before.failed
  local offered = {}
  if as_now and #as_now.changed > 0 then
    local with_file = vim.tbl_extend("force", arguments, { file = file })
    table.insert(offered, {
      text = ("Send %d again, %d of them with the new text of %s"):format(
        count,
        #as_now.changed,
        vim.fs.basename(file)
      ),
      arguments = with_file,
    })
  end
  table.insert(offered, { text = ("Send %d again as they were"):format(count), arguments = arguments })
  table.insert(offered, { text = "Send nothing: they are in the quickfix list" })
  return offered
end

local function put(client, operation, result, offered)
  vim.ui.select(offered, {
    prompt = ("%s: %d without a good answer"):format(operation.title, #result.failed),
    kind = "padwan_retry",
    format_item = function(choice)
      return choice.text
    end,
  }, function(choice)
    if choice and choice.arguments then
      M.send(client, choice.arguments)
    end
  end)
end

--- List the failed prompts of a job, and offer to send them again.
---@param client vim.lsp.Client
---@param operation table
---@param arguments table
function M.offer(client, operation, arguments)
  client_.execute(client, operation.name, arguments, function(result)
    if #result.failed == 0 then
      notify.info(result.message)
      return
    end
    client_.execute(client, "status", { job = arguments.job }, function(job)
      jobs.told(job)
      require("padwan.quickfix").failed(client, job, result.failed, function()
        local file = arguments.file or (job.file ~= "" and files.resolved(job.file, client.root_dir))
        if not file then
          put(client, operation, result, choices(arguments, result))
          return
        end
        client_.attach(client, file)
        local with_file = vim.tbl_extend("force", arguments, { file = file })
        client_.execute(client, operation.name, with_file, function(now)
          put(client, operation, result, choices(arguments, result, now, file))
        end, function()
          -- A file that is gone or has errors changes nothing about what was sent.
          put(client, operation, result, choices(arguments, result))
          return true
        end)
      end)
    end)
  end)
end

return M
