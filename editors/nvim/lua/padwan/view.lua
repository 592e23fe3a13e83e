-- What the buffers of this plugin have in common: nothing to write, keys of their own, help on g?.
local M = {}

--- A buffer of a name, made once, and the window it was opened in.
---@param name string
---@param filetype string
---@param root string
---@param open string how to open its window
---@return integer bufnr
function M.open(name, filetype, root, open)
  local bufnr = vim.fn.bufadd(name)
  local window = vim.fn.bufwinid(bufnr)
  if window ~= -1 then
    vim.api.nvim_set_current_win(window)
    return bufnr
  end
  vim.cmd(open)
  vim.api.nvim_win_set_buf(0, bufnr)
  vim.bo[bufnr].buftype = "nofile"
  vim.bo[bufnr].swapfile = false
  vim.bo[bufnr].buflisted = false
  vim.bo[bufnr].modifiable = false
  vim.b[bufnr].padwan_root = root
  if vim.bo[bufnr].filetype ~= filetype then
    vim.bo[bufnr].filetype = filetype
  end
  vim.wo.wrap = false
  vim.wo.number = false
  vim.wo.relativenumber = false
  vim.wo.spell = false
  return bufnr
end

--- Replace the lines of a buffer.
---@param bufnr integer
---@param lines string[]
function M.write(bufnr, lines)
  vim.bo[bufnr].modifiable = true
  vim.api.nvim_buf_set_lines(bufnr, 0, -1, false, lines)
  vim.bo[bufnr].modifiable = false
  vim.bo[bufnr].modified = false
end

--- Set keys, and g? to show them.
---@param bufnr integer
---@param title string
---@param keys { [1]: string, [2]: string, [3]: function }[] key, what it does, how
function M.keys(bufnr, title, keys)
  for _, key in ipairs(keys) do
    vim.keymap.set("n", key[1], key[3], { buffer = bufnr, nowait = true, desc = "padwan: " .. key[2] })
  end
  vim.keymap.set("n", "q", "<Cmd>close<CR>", { buffer = bufnr, nowait = true, desc = "padwan: close" })
  vim.keymap.set("n", "g?", function()
    M.help(title, keys)
  end, { buffer = bufnr, nowait = true, desc = "padwan: help" })
end

--- Go to a file, in a window that shows it or one that shows files; the view stays open.
---@param path string
function M.to_file(path)
  local bufnr = vim.fn.bufadd(path)
  local shown = vim.fn.bufwinid(bufnr)
  if shown == -1 then
    shown = vim.iter(vim.api.nvim_tabpage_list_wins(0)):find(function(window)
      return vim.bo[vim.api.nvim_win_get_buf(window)].buftype == ""
    end)
  end
  if shown then
    vim.api.nvim_set_current_win(shown)
  else
    vim.cmd("topleft split")
  end
  vim.bo[bufnr].buflisted = true
  vim.api.nvim_win_set_buf(0, bufnr)
end

--- Show keys in a floating window until the next key.
---@param title string
---@param keys { [1]: string, [2]: string }[]
function M.help(title, keys)
  local lines = {}
  for _, key in ipairs(keys) do
    table.insert(lines, (" %-6s %s "):format(key[1], key[2]))
  end
  vim.list_extend(lines, { " q      close this window ", " g?     this help ", "", " :help padwan-views tells more " })
  local bufnr, window = vim.lsp.util.open_floating_preview(lines, "", {
    border = "rounded",
    title = " " .. title .. " ",
    close_events = { "CursorMoved", "BufLeave", "ModeChanged" },
    focusable = false,
    wrap = false,
  })
  vim.b[bufnr].padwan_help = true
  return window
end

return M
