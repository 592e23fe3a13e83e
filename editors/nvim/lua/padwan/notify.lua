-- Messages to the person at the editor.
local M = {}

local function say(text, level)
  vim.notify("padwan: " .. text, level, { title = "padwan" })
end

---@param text string
function M.info(text)
  say(text, vim.log.levels.INFO)
end

---@param text string
function M.warn(text)
  say(text, vim.log.levels.WARN)
end

---@param text string
function M.error(text)
  say(text, vim.log.levels.ERROR)
end

--- An error of the server: its message ends with the next step.
---@param failure lsp.ResponseError
function M.failure(failure)
  local code = vim.tbl_get(failure, "data", "code")
  local more = code == "no-api-key" and " (:help padwan-key)" or ""
  M.error(failure.message .. more)
end

return M
