-- The language server: found, started, asked, restarted.
local files = require("padwan.files")
local notify = require("padwan.notify")

local M = {}

M.name = "padwan"
local EXECUTE = "workspace/executeCommand"
local READY_LOOKS_EVERY = 20 -- milliseconds
local PLACES_TOLD = 1000 -- in one answer of padwan/prompts at most, docs/protocol.md

--- Clients that were told to stop: their end is no surprise.
local stopping = {}

local missing = "padwan-server was not found. Install it and put it on the PATH that Neovim sees, or name it: "
  .. "vim.lsp.config('padwan', { cmd = { '/path/of/padwan-server', 'lsp' } }). Then :Padwan restart; "
  .. ":checkhealth padwan tells more."

--- Whether the server can be started. If not, its user is told once what to do, or each time with `again`.
---@param again? boolean
---@return boolean
function M.is_installed(again)
  local cmd = vim.lsp.config.padwan.cmd
  if type(cmd) ~= "table" or vim.fn.executable(cmd[1]) == 1 then
    return true
  end
  if again then
    notify.error(missing)
  else
    vim.notify_once("padwan: " .. missing, vim.log.levels.ERROR)
  end
  return false
end

---@return vim.lsp.Client[]
function M.all()
  return vim.tbl_filter(function(client)
    return not client:is_stopped()
  end, vim.lsp.get_clients({ name = M.name, _uninitialized = true }))
end

--- The client of a buffer's workspace, nil if none runs.
---@param bufnr integer
---@return vim.lsp.Client?
function M.find(bufnr)
  local attached = vim.lsp.get_clients({ name = M.name, bufnr = bufnr })[1]
  if attached then
    return attached
  end
  local root = M.root(bufnr)
  return vim.iter(M.all()):find(function(client)
    return client.root_dir == root
  end)
end

--- The workspace of a buffer; a view of ours keeps that of the buffer it came from.
---@param bufnr integer
---@return string
function M.root(bufnr)
  return vim.b[bufnr].padwan_root or files.root(vim.bo[bufnr].buftype == "" and vim.api.nvim_buf_get_name(bufnr) or "")
end

local function when_ready(client, callback)
  if client.initialized then
    callback(client)
  elseif not client:is_stopped() then
    vim.defer_fn(function()
      when_ready(client, callback)
    end, READY_LOOKS_EVERY)
  end
end

local function start(config, bufnr)
  local options = bufnr and { bufnr = bufnr } or { attach = false }
  local id = vim.lsp.start(config, options)
  return id and vim.lsp.get_client_by_id(id)
end

--- Call back with the client of a buffer's workspace, started if none runs.
---@param bufnr integer
---@param callback fun(client: vim.lsp.Client)
function M.with(bufnr, callback)
  local client = M.find(bufnr)
  if not client then
    if not M.is_installed(true) then
      return
    end
    local config = vim.deepcopy(vim.lsp.config.padwan)
    config.root_dir = M.root(bufnr)
    client = start(config)
  end
  if client then
    when_ready(client, callback)
  end
end

--- Let the server see a file as it is in the editor, whatever its name.
---@param client vim.lsp.Client
---@param path string
function M.attach(client, path)
  local bufnr = files.buffer(path)
  if bufnr then
    vim.lsp.buf_attach_client(bufnr, client.id)
  end
end

--- Send a request; the error goes to the person unless `on_error` takes it.
---@param client vim.lsp.Client
---@param method string
---@param params table
---@param callback fun(result: any)
---@param on_error? fun(failure: lsp.ResponseError): boolean?
---@return integer? request for client:cancel_request
function M.request(client, method, params, callback, on_error)
  -- Without a buffer Neovim first tells what was typed in any; with 0 it tells nothing, and the text before would be sent.
  local sent, request = client:request(method, params, function(failure, result)
    if not failure then
      callback(result)
    elseif not (on_error and on_error(failure)) then
      notify.failure(failure)
    end
  end)
  return sent and request or nil
end

--- Run an operation of the table.
---@param client vim.lsp.Client
---@param name string
---@param arguments table
---@param callback fun(result: table)
---@param on_error? fun(failure: lsp.ResponseError): boolean? true if it was dealt with
---@return integer?
function M.execute(client, name, arguments, callback, on_error)
  local params = {
    command = "padwan.batch." .. name,
    arguments = { next(arguments) and arguments or vim.empty_dict() },
  }
  return M.request(client, EXECUTE, params, callback, on_error)
end

--- What to ask for after an answer, nil after the last.
local function rest_of(wanted, places)
  if wanted.keys then
    return #wanted.keys > PLACES_TOLD and { keys = vim.list_slice(wanted.keys, PLACES_TOLD + 1) } or nil
  end
  return #places == PLACES_TOLD and { range = { start = places[#places].range["end"], ["end"] = wanted.range["end"] } }
    or nil
end

--- Where prompts stand: `wanted` has keys or a range. There may be more than one answer holds.
---@param client vim.lsp.Client
---@param path string
---@param wanted { keys?: string[], range?: lsp.Range }
---@param callback fun(places: { key: string, range: lsp.Range }[], uri: string)
---@param on_error? fun(failure: lsp.ResponseError): boolean?
function M.places(client, path, wanted, callback, on_error)
  local uri = vim.uri_from_fname(path)
  local found = {}
  local function ask(some)
    local part = some.keys and { keys = vim.list_slice(some.keys, 1, PLACES_TOLD) } or some
    local params = vim.tbl_extend("force", { textDocument = { uri = uri } }, part)
    M.request(client, "padwan/prompts", params, function(places)
      local rest = rest_of(some, places)
      -- A range that begins where a prompt ends touches it once more.
      if #found > 0 and #places > 0 and vim.deep_equal(places[1], found[#found]) then
        table.remove(places, 1)
      end
      vim.list_extend(found, places)
      if rest then
        ask(rest)
      else
        callback(found, uri)
      end
    end, on_error)
  end
  ask(wanted)
end

--- The server ended.
---@param code integer
---@param signal integer
---@param client_id integer
M.on_exit = vim.schedule_wrap(function(code, signal, client_id)
  local expected = stopping[client_id] or (code == 0 and signal == 0) or vim.v.exiting ~= vim.NIL
  stopping[client_id] = nil
  if not expected then
    local how = signal ~= 0 and "by signal " .. signal or "with code " .. code
    notify.error(("the server ended %s. :Padwan restart starts it again, :Padwan log says more."):format(how))
  end
end)

local function when_stopped(client, callback)
  if vim.lsp.get_client_by_id(client.id) == nil then
    callback()
  else
    vim.defer_fn(function()
      when_stopped(client, callback)
    end, READY_LOOKS_EVERY)
  end
end

local function again(client, follow)
  local buffers = vim.tbl_keys(client.attached_buffers)
  local jobs = follow.take(client.root_dir)
  stopping[client.id] = true
  client:stop()
  -- A server that does not answer is not waited for.
  vim.defer_fn(function()
    client:stop(true)
  end, 3000)
  when_stopped(client, function()
    local config = vim.deepcopy(vim.lsp.config.padwan)
    config.root_dir = client.root_dir
    local fresh
    for _, bufnr in ipairs(buffers) do
      fresh = vim.api.nvim_buf_is_loaded(bufnr) and start(config, bufnr) or fresh
    end
    fresh = fresh or start(config)
    if fresh then
      when_ready(fresh, function()
        follow.start_all(fresh, jobs)
        notify.info("the server was restarted.")
      end)
    end
  end)
end

--- Start every server again, with the same buffers, and watch the same jobs on.
function M.restart()
  if not M.is_installed(true) then
    return
  end
  local follow = require("padwan.follow")
  local clients = M.all()
  for _, client in ipairs(clients) do
    again(client, follow)
  end
  if #clients == 0 then
    -- Buffers that were opened while there was no server, or whose server died.
    vim.lsp.enable(M.name)
    M.with(vim.api.nvim_get_current_buf(), function(client)
      follow.start_all(client, follow.take(client.root_dir))
      notify.info("the server was started.")
    end)
  end
end

--- Open the log of all language servers at its end, where this one's last words are.
function M.log()
  vim.cmd.split(vim.fn.fnameescape(vim.lsp.log.get_filename()))
  vim.bo.autoread = true
  vim.cmd.normal({ "G", bang = true })
end

return M
