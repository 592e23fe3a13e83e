-- :checkhealth padwan
local client_ = require("padwan.client")
local files = require("padwan.files")

local M = {}

local health = vim.health

local function neovim()
  local version = vim.version()
  local shown = ("%d.%d.%d"):format(version.major, version.minor, version.patch)
  if vim.fn.has("nvim-0.11") == 1 then
    health.ok("Neovim " .. shown)
  else
    health.error("Neovim 0.11 or newer is needed; this is " .. shown)
  end
end

local function server()
  local cmd = vim.lsp.config.padwan.cmd
  if type(cmd) ~= "table" then
    health.info("cmd is a function; it is not looked for on PATH")
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
  -- Whatever comes before "lsp" starts the program, e.g. uvx.
  local words = vim.deepcopy(cmd)
  words[#words] = "--version"
  local ran, answer = pcall(function()
    return vim.system(words, { text = true, timeout = 20000 }):wait()
  end)
  if ran and answer.code == 0 then
    health.ok(("%s (%s)"):format(vim.trim(answer.stdout), path))
  else
    health.error(path .. " does not run: " .. vim.trim(ran and answer.stderr or tostring(answer)))
  end
  if vim.lsp.is_enabled(client_.name) then
    health.ok("vim.lsp.enable('padwan') was called")
  else
    health.warn("prompt files are not looked after", "call vim.lsp.enable('padwan') in your init.lua")
  end
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

local function workspace(root)
  health.ok("workspace: " .. root)
  local ledger = vim.fs.joinpath(root, ".padwan/ledger.sqlite3")
  local found = vim.uv.fs_stat(ledger)
  if found then
    health.ok(("ledger: %s (%d KB)"):format(ledger, math.ceil(found.size / 1024)))
  else
    health.info("ledger: none yet, the first job makes it")
  end
  for _, client in ipairs(client_.all()) do
    health.ok(
      ("running: client %d in %s, %d buffers"):format(
        client.id,
        client.root_dir,
        vim.tbl_count(client.attached_buffers)
      )
    )
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
  server()
  health.start("padwan: where jobs run")
  backend(root)
  health.start("padwan: this workspace")
  workspace(root)
end

return M
