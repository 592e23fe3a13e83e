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
  M.window_options({ wrap = false, number = false, relativenumber = false, spell = false })
  vim.bo[bufnr].buftype = "nofile"
  vim.bo[bufnr].swapfile = false
  vim.bo[bufnr].buflisted = false
  vim.bo[bufnr].modifiable = false
  vim.b[bufnr].padwan_root = root
  if vim.bo[bufnr].filetype ~= filetype then
    vim.bo[bufnr].filetype = filetype
  end
  return bufnr
end

--- Set options of the current window for its buffer alone: files that are shown in it later have their own.
---@param options table<string, any>
function M.window_options(options)
  for name, value in pairs(options) do
    vim.wo[0][0][name] = value
  end
end

--- Replace the lines of a buffer.
---@param bufnr integer
---@param lines string[]
function M.write(bufnr, lines)
  vim.bo[bufnr].modifiable = true
  vim.bo[bufnr].undolevels = -1
  -- A name that someone else gave can hold the end of a line.
  lines = vim.tbl_map(function(line)
    return (line:gsub("\n", " "))
  end, lines)
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
  vim.keymap.set("n", "q", M.close, { buffer = bufnr, nowait = true, desc = "padwan: close" })
  vim.keymap.set("n", "g?", function()
    M.help(title, keys)
  end, { buffer = bufnr, nowait = true, desc = "padwan: help" })
end

--- Close the window; the last one shows what it showed before.
function M.close()
  if not pcall(vim.cmd.close) then
    local before = vim.fn.bufnr("#")
    if before ~= -1 and vim.api.nvim_buf_is_loaded(before) then
      vim.api.nvim_win_set_buf(0, before)
    else
      vim.cmd.enew()
    end
  end
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

--- Show keys in a floating window over everything, until it is left.
---@param title string
---@param keys { [1]: string, [2]: string }[]
function M.help(title, keys)
  local lines = {}
  for _, key in ipairs(keys) do
    table.insert(lines, (" %-6s %s "):format(key[1], key[2]))
  end
  vim.list_extend(lines, { " q      close the window ", " g?     this help ", "", " :help padwan-views tells more " })
  local width = math.min(vim.iter(lines):map(vim.fn.strdisplaywidth):fold(0, math.max), vim.o.columns - 2)
  local height = math.min(#lines, vim.o.lines - 4)
  local bufnr = vim.api.nvim_create_buf(false, true)
  M.write(bufnr, lines)
  vim.bo[bufnr].bufhidden = "wipe"
  local window = vim.api.nvim_open_win(bufnr, true, {
    relative = "editor",
    row = math.max((vim.o.lines - height) / 2 - 2, 0),
    col = (vim.o.columns - width) / 2,
    width = width,
    height = height,
    style = "minimal",
    border = "rounded",
    title = " " .. title .. " ",
  })
  for _, key in ipairs({ "q", "g?", "<Esc>" }) do
    vim.keymap.set("n", key, "<Cmd>close<CR>", { buffer = bufnr, nowait = true })
  end
  vim.api.nvim_create_autocmd("WinLeave", {
    buffer = bufnr,
    once = true,
    callback = function()
      vim.api.nvim_win_close(window, true)
    end,
  })
end

return M
