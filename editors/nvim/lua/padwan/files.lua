-- Which files are prompt files, and which folder they belong to.
local M = {}

--- A setting as the server will have it.
function M.setting(name)
  local config = vim.lsp.config.padwan or {}
  local options = config.init_options or {}
  local settings = vim.tbl_get(config, "settings", "padwan") or {}
  for _, given in ipairs({ settings, options.padwan or {}, options }) do
    if given[name] ~= nil then
      return given[name]
    end
  end
  return require("padwan.settings")[name]
end

--- Whether the name of a file is that of a prompt file.
---@param path string
---@return boolean
function M.is_prompt_file(path)
  local name = vim.fs.basename(path)
  return vim.iter(M.setting("files")):any(function(glob)
    return vim.fn.match(name, "\\C" .. vim.fn.glob2regpat(glob)) >= 0
  end)
end

--- Whether a file holds answers as they were received; "go to definition" leads there and back.
---@param path string
---@return boolean
function M.is_results_file(path)
  return vim.fs.normalize(path):find("/%.padwan/results/[^/]+%.jsonl$") ~= nil
end

--- The filetype of a prompt file, nil of any other.
---@param path string
---@return string?
function M.filetype(path)
  if path ~= "" and M.is_prompt_file(path) then
    local known = { json = "json", jsonl = "jsonl" }
    return known[vim.fn.fnamemodify(path, ":e"):lower()] or "text"
  end
end

--- The workspace around a file as the server finds it; of a buffer without one that of the current folder.
---@param path string
---@return string
function M.root(path)
  local here = vim.fn.getcwd()
  local folder = path ~= "" and vim.fn.fnamemodify(path, ":p:h") or here
  return vim.fs.root(folder, ".padwan")
    or vim.fs.root(folder, ".git")
    or (vim.startswith(folder .. "/", here .. "/") and here or folder)
end

local FOUND_AT_MOST = 100
local DEEPEST = 8 -- folders below the workspace that are looked into

-- Folders that hold what other programs keep
local function is_searched(folder)
  local name = vim.fs.basename(folder)
  return not vim.startswith(name, ".") and name ~= "node_modules"
end

--- The prompt files of a workspace.
---@param root string
---@return string[]
function M.prompt_files(root)
  local found = vim
    .iter(vim.fs.dir(root, { depth = DEEPEST, skip = is_searched }))
    :filter(function(name, kind)
      return kind == "file" and M.is_prompt_file(name)
    end)
    :map(function(name)
      return vim.fs.joinpath(root, name)
    end)
    :take(FOUND_AT_MOST)
  return found:totable()
end

--- The path of a file as a job names it: from the root unless it is outside.
---@param file string
---@param root string
---@return string
function M.resolved(file, root)
  return vim.fn.isabsolutepath(file) == 1 and file or vim.fs.joinpath(root, file)
end

--- A path as its user would write it: from the root if it lies under it.
---@param path string
---@param root string
---@return string
function M.shown(path, root)
  return vim.fs.relpath(root, path) or path
end

--- The loaded buffer of a file, nil if there is none.
---@param path string
---@return integer?
function M.buffer(path)
  return vim.iter(vim.api.nvim_list_bufs()):find(function(bufnr)
    return vim.api.nvim_buf_is_loaded(bufnr)
      and vim.bo[bufnr].buftype == ""
      and vim.api.nvim_buf_get_name(bufnr) == path
  end)
end

return M
