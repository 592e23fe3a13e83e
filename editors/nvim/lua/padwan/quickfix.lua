-- Quickfix lists: problems of a prompt file, and prompts without a good answer, each at its place.
local client_ = require("padwan.client")
local files = require("padwan.files")

local M = {}

local function set(title, items, open)
  vim.fn.setqflist({}, " ", { title = title, items = items })
  if open and #items > 0 then
    vim.cmd.copen()
    vim.cmd.wincmd("p")
  end
end

local function lines_of(path)
  local bufnr = files.buffer(path)
  if bufnr then
    return vim.api.nvim_buf_get_lines(bufnr, 0, -1, false)
  end
  return vim.fn.filereadable(path) == 1 and vim.fn.readfile(path) or {}
end

--- The problems that validate found. Columns count characters there, bytes here.
---@param client vim.lsp.Client
---@param result table
function M.problems(client, result)
  local path = files.resolved(result.file, client.root_dir)
  local lines = lines_of(path)
  local items = vim.tbl_map(function(problem)
    return {
      filename = result.file ~= "" and path or nil,
      lnum = problem.line,
      col = vim.str_byteindex(lines[problem.line] or "", "utf-32", problem.column - 1, false) + 1,
      type = problem.severity == "error" and "E" or "W",
      text = ("%s [%s]"):format(problem.message, problem.code),
    }
  end, result.problems)
  set("padwan: " .. result.file, items, false)
end

local function reason(failed)
  local why = failed.error ~= "" and failed.error or failed.finish_reason
  return ("%s (%s): %s"):format(failed.key, failed.outcome, why)
end

local function item(failed, place, uri, client)
  if not place then
    return { text = reason(failed) .. " — its key is not in the prompt file now", valid = 0 }
  end
  local found = vim.lsp.util.locations_to_items({ { uri = uri, range = place.range } }, client.offset_encoding)[1]
  return vim.tbl_extend("force", found, { type = "E", text = reason(failed), user_data = { key = failed.key } })
end

--- The prompts of a job that have no good answer, as retry tells them.
---@param client vim.lsp.Client
---@param job table
---@param failed table[]
---@param callback? fun()
function M.failed(client, job, failed, callback)
  local title = ("padwan: failed prompts of %s"):format(job.job)
  local function show(places, uri)
    local by_key = {}
    for _, place in ipairs(places) do
      by_key[place.key] = place
    end
    local items = vim.tbl_map(function(one)
      return item(one, by_key[one.key], uri, client)
    end, failed)
    set(title, items, true)
    if callback then
      callback()
    end
  end
  if job.file == "" then
    show({}, "")
    return
  end
  local keys = vim.tbl_map(function(one)
    return one.key
  end, failed)
  client_.places(client, files.resolved(job.file, client.root_dir), { keys = keys }, show, function()
    show({}, "")
    return true
  end)
end

return M
