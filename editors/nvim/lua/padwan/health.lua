-- :checkhealth padwan
local client_ = require("padwan.client")
local files = require("padwan.files")

local M = {}

local health = vim.health

local PATIENCE = 20000 -- milliseconds for a run of the server's program

local function neovim()
  local version = vim.version()
  local shown = ("%d.%d.%d"):format(version.major, version.minor, version.patch)
  if vim.fn.has("nvim-0.11") == 1 then
    health.ok("Neovim " .. shown)
  else
    health.error("Neovim 0.11 or newer is needed; this is " .. shown)
  end
end

-- Whatever comes before "lsp" starts the program, e.g. uvx.
local function program(cmd)
  local words = {}
  for _, word in ipairs(cmd) do
    if word == "lsp" then
      break
    end
    table.insert(words, word)
  end
  return words
end

--- Run the server's program.
---@param cmd string[]
---@param arguments string[]
---@param root string
---@return string? printed, string? problem
local function run(cmd, arguments, root)
  local options = { text = true, timeout = PATIENCE, cwd = root, env = vim.lsp.config.padwan.cmd_env }
  local ran, answer = pcall(function()
    return vim.system(vim.list_extend(program(cmd), arguments), options):wait()
  end)
  if not ran then
    return nil, tostring(answer)
  end
  if answer.stdout == "" then
    return nil, vim.trim(answer.stderr)
  end
  return vim.trim(answer.stdout)
end

local function enabled()
  if vim.lsp.is_enabled(client_.name) then
    health.ok("vim.lsp.enable('padwan') was called")
  else
    health.warn("prompt files are not looked after", "call vim.lsp.enable('padwan') in your init.lua")
  end
end

--- Whether the server is found, and its version.
---@return string[]? cmd that runs
local function server(root)
  local cmd = vim.lsp.config.padwan.cmd
  if type(cmd) ~= "table" then
    health.info("cmd is a function: whether it finds the server is not looked at")
    return
  end
  local path = vim.fn.exepath(cmd[1])
  if path == "" then
    health.error(cmd[1] .. " was not found", {
      "Install padwan-server, and put it on the PATH that Neovim sees",
      "or name it: vim.lsp.config('padwan', { cmd = { '/path/of/padwan-server', 'lsp' } })",
    })
    return
  end
  local version, problem = run(cmd, { "--version" }, root)
  if not version then
    health.error(("%s does not run: %s"):format(path, problem))
    return
  end
  health.ok(("%s (%s)"):format(version, path))
  return cmd
end

local function key_is_set()
  local environment = vim.tbl_extend("force", vim.fn.environ(), vim.lsp.config.padwan.cmd_env or {})
  for _, name in ipairs({ "GOOGLE_API_KEY", "GEMINI_API_KEY" }) do
    if vim.trim(tostring(environment[name] or "")) ~= "" then
      return name
    end
  end
end

local function emulator(root)
  local file = vim.fs.joinpath(root, ".padwan/emulator/url")
  local url = vim.fn.filereadable(file) == 1 and vim.fn.readfile(file)[1]
  local host, port = (url or ""):match("^http://([^:/]+):(%d+)")
  if not host then
    return "not started in this workspace yet"
  end
  local connected
  local socket = assert(vim.uv.new_tcp())
  socket:connect(host, tonumber(port), function(failure)
    connected = failure == nil
  end)
  vim.wait(1000, function()
    return connected ~= nil
  end, 10)
  socket:close()
  return connected and "running at " .. url or "not running; the next command starts it"
end

local function backend(root)
  local chosen, key = files.setting("backend"), key_is_set()
  if chosen == "emulator" then
    health.ok("backend: emulator (free, needs no key), " .. emulator(root))
    health.info(key and key .. " is set, and not used" or "no API key is set")
  elseif key then
    health.ok("backend: gemini, with the key in " .. key)
    health.info("emulator: " .. emulator(root))
  else
    health.error("backend: gemini, but no API key is set", {
      "set GEMINI_API_KEY in the environment of Neovim (https://aistudio.google.com/apikey)",
      "or choose the emulator: vim.lsp.config('padwan', { settings = { padwan = { backend = 'emulator' } } })",
    })
  end
end

-- What the server's own doctor says of the things that cannot be seen from here
local function doctor(cmd, root)
  local arguments = { "doctor", "--json", "--backend", files.setting("backend") }
  local printed, problem = run(cmd, arguments, root)
  local read, report = pcall(vim.json.decode, printed or "")
  if not read then
    health.warn("padwan-server doctor did not answer: " .. (problem or printed))
    return
  end
  for _, found in ipairs(report.findings) do
    if found.name == "service" or found.name == "ledger" or not found.ok and found.name ~= "key" then
      local says = ("%s: %s"):format(found.name, found.says)
      local hint = found.hint ~= "" and { found.hint } or nil
      if found.ok then
        health.ok(says)
      else
        health.error(says, hint)
      end
    end
  end
end

local function is_sqlite(path)
  local file = io.open(path, "rb")
  local head = file and file:read(16)
  if file then
    file:close()
  end
  return head == nil or head == "SQLite format 3\0"
end

local function ledger(root)
  local path = vim.fs.joinpath(root, ".padwan/ledger.sqlite3")
  if not is_sqlite(path) then
    health.warn("ledger: " .. path .. " is damaged", {
      "padwan-server sets it aside, and makes it again of the notes beside it and of what the service says",
    })
  end
  for _, aside in ipairs(vim.fn.glob(path .. ".damaged-*", true, true)) do
    health.info("ledger: a damaged one was set aside and made again: " .. vim.fs.basename(aside))
  end
end

local function workspace(root)
  local marker = vim.iter({ ".padwan", ".git" }):find(function(name)
    return vim.uv.fs_stat(vim.fs.joinpath(root, name)) ~= nil
  end)
  if marker then
    health.ok(("workspace: %s (it has %s)"):format(root, marker))
  else
    health.info(("workspace: %s, as no folder above has .padwan or .git; the first job makes .padwan"):format(root))
  end
  ledger(root)
end

local function clients()
  for _, client in ipairs(client_.all()) do
    local buffers = vim.tbl_count(client.attached_buffers)
    health.ok(("running: client %d in %s, %d buffers"):format(client.id, client.root_dir, buffers))
  end
  if #client_.all() == 0 then
    health.info("running: no server; opening a prompt file or :Padwan starts one")
  end
end

function M.check()
  -- The report is a buffer of its own: the one before it tells the workspace.
  local root = client_.root(vim.fn.bufnr("#") > 0 and vim.fn.bufnr("#") or 0)
  health.start("padwan: the server")
  neovim()
  local cmd = server(root)
  enabled()
  clients()
  health.start("padwan: where jobs run")
  backend(root)
  health.start("padwan: this workspace")
  workspace(root)
  -- Where nothing is remembered yet, a look is to leave nothing behind.
  if cmd and vim.fn.isdirectory(vim.fs.joinpath(root, ".padwan")) == 1 then
    doctor(cmd, root)
  else
    health.info("ledger: none before the first job")
  end
end

return M
