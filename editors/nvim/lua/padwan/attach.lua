-- What a prompt file has once the server looks after it. No keys: Neovim's own serve (K, gra, CTRL-], gO, grn).
local files = require("padwan.files")
local jobs = require("padwan.jobs")

local M = {}

local group = vim.api.nvim_create_augroup("padwan.codelens", {})

-- Neovim 0.12 keeps lenses fresh by itself.
local keeps_lenses = vim.lsp.codelens.enable ~= nil

local function refresh_lenses(bufnr)
  if vim.api.nvim_buf_is_loaded(bufnr) then
    vim.lsp.codelens.refresh({ bufnr = bufnr })
  end
end

local function show_lenses(bufnr)
  if keeps_lenses then
    vim.lsp.codelens.enable(true, { bufnr = bufnr })
    return
  end
  vim.api.nvim_clear_autocmds({ group = group, buffer = bufnr })
  vim.api.nvim_create_autocmd({ "BufEnter", "InsertLeave", "TextChanged" }, {
    group = group,
    buffer = bufnr,
    desc = "padwan: code lenses",
    callback = function()
      refresh_lenses(bufnr)
    end,
  })
  refresh_lenses(bufnr)
end

-- The lenses run as :Padwan does: with messages, and a job that was sent is watched.
local function take_commands(client)
  for _, operation in ipairs(require("padwan.operations")) do
    client.commands["padwan.batch." .. operation.name] = function(command, context)
      local arguments = command.arguments and command.arguments[1] or {}
      require("padwan.subcommands").run(operation.name, arguments, { bufnr = context.bufnr, confirm = true })
    end
  end
end

---@param client vim.lsp.Client
---@param bufnr integer
function M.on_attach(client, bufnr)
  take_commands(client)
  if files.is_results_file(vim.api.nvim_buf_get_name(bufnr)) then
    return
  end
  show_lenses(bufnr)
  if files.setting("inlayHints") then
    vim.lsp.inlay_hint.enable(true, { bufnr = bufnr })
  end
end

if not keeps_lenses then
  jobs.on_change(function()
    for _, client in ipairs(vim.lsp.get_clients({ name = "padwan" })) do
      for bufnr in pairs(client.attached_buffers) do
        refresh_lenses(bufnr)
      end
    end
  end)
end

return M
