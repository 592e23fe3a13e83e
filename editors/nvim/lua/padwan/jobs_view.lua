-- The jobs buffer: one line a job, moving while jobs run.
local ask = require("padwan.ask")
local client_ = require("padwan.client")
local files = require("padwan.files")
local follow = require("padwan.follow")
local jobs = require("padwan.jobs")
local notify = require("padwan.notify")
local view = require("padwan.view")

local M = {}

local LOOKS_EVERY = 5000 -- milliseconds between two lists while there is something to see that nobody here polls
local HEAD = 2 -- lines above the first job
local BAR = 12
local PAGE = 10 -- jobs that m adds

local names = vim.api.nvim_create_namespace("padwan.jobs")

local icons = {
  PENDING = { "○", "DiagnosticHint" },
  RUNNING = { "◐", "DiagnosticInfo" },
  SUCCEEDED = { "●", "DiagnosticOk" },
  FAILED = { "✗", "DiagnosticError" },
  EXPIRED = { "✗", "DiagnosticError" },
  CANCELLED = { "⊘", "DiagnosticWarn" },
}
local other_icon = { "?", "DiagnosticWarn" }

---@class padwan.JobsView
---@field bufnr integer
---@field root string
---@field ids string[] the jobs of the lines
---@field shown string[] those that the buffer has now
---@field next_page string
---@field limit integer
---@field page_token string?
---@field to_render boolean?
---@field ledger string how the ledger looked at the last list
---@field warning string

---@type table<integer, padwan.JobsView>
local views = {}

local function ago(time)
  local year, month, day, hour, minute, second = (time or ""):match("^(%d+)-(%d+)-(%d+)T(%d+):(%d+):(%d+)")
  if not year then
    return ""
  end
  local then_ = os.time({
    year = tonumber(year),
    month = tonumber(month),
    day = tonumber(day),
    hour = tonumber(hour),
    min = tonumber(minute),
    sec = tonumber(second),
    isdst = false,
  })
  local now = os.time(os.date("!*t") --[[@as osdateparam]])
  local seconds = math.max(now - then_, 0)
  for _, unit in ipairs({ { 86400, "d" }, { 3600, "h" }, { 60, "min" } }) do
    if seconds >= unit[1] then
      return ("%d %s ago"):format(seconds / unit[1], unit[2])
    end
  end
  return "just now"
end

local function bar(job)
  local done = job.total > 0 and math.floor(BAR * (job.succeeded + job.failed) / job.total) or 0
  return ("━"):rep(done), ("─"):rep(BAR - done)
end

local function shown_name(job)
  return job.name or ""
end

local function shown_file(job)
  return job.file and job.file ~= "" and job.file or "-"
end

--- A job as pieces of text with their highlights; names and files are as wide as the widest.
local function pieces(job, name_width, file_width)
  local icon = icons[job.state] or other_icon
  local done, open = bar(job)
  local function padded(text, width)
    return text .. (" "):rep(width - vim.fn.strdisplaywidth(text) + 2)
  end
  return {
    { " " .. icon[1] .. " ", icon[2] },
    { ("%-10s "):format(job.state), icon[2] },
    { done, "DiagnosticOk" },
    { open .. " ", "NonText" },
    { ("%7s  "):format(("%d/%d"):format(job.succeeded + job.failed, job.total)) },
    { job.failed > 0 and job.failed .. " failed  " or "", "DiagnosticError" },
    { padded(shown_name(job), name_width) },
    { padded(shown_file(job), file_width), "Directory" },
    { padded(ago(job.created), 8), "Comment" },
    { follow.is_followed(jobs.id(job)) and "watched  " or "", "DiagnosticInfo" },
    { jobs.id(job), "Comment" },
  }
end

local function widest(listed, shown)
  return vim.iter(listed):fold(0, function(width, job)
    return math.max(width, vim.fn.strdisplaywidth(shown(job)))
  end)
end

-- The job of the cursor, by windows; as the first ones come, the newest
local function places(self)
  local at = {}
  for _, window in ipairs(vim.fn.win_findbuf(self.bufnr)) do
    local id = self.shown[vim.api.nvim_win_get_cursor(window)[1] - HEAD]
    at[window] = id or #self.shown == 0 and self.ids[1] or nil
  end
  return at
end

-- A key is pressed for a job and not for a line, whatever has come on top meanwhile.
local function put_back(self, at)
  for index, id in ipairs(self.ids) do
    for window, wanted in pairs(at) do
      if id == wanted then
        vim.api.nvim_win_set_cursor(window, { index + HEAD, vim.api.nvim_win_get_cursor(window)[2] })
      end
    end
  end
end

local function render(self)
  self.ids = vim.tbl_filter(jobs.get, self.ids)
  local at = places(self)
  local lines = { " Batch jobs of " .. vim.fn.fnamemodify(self.root, ":~") .. "   g? help", "" }
  local marks = { { 0, 0, #lines[1], "Title" } }
  local listed = vim.tbl_map(jobs.get, self.ids)
  local name_width, file_width = widest(listed, shown_name), widest(listed, shown_file)
  for _, job in ipairs(listed) do
    local text = ""
    for _, piece in ipairs(pieces(job, name_width, file_width)) do
      if piece[2] then
        table.insert(marks, { #lines, #text, #text + #piece[1], piece[2] })
      end
      text = text .. piece[1]
    end
    table.insert(lines, text)
  end
  if #self.ids == 0 then
    table.insert(lines, " There are no jobs yet: open a prompt file and say :Padwan create.")
  end
  if self.next_page ~= "" then
    table.insert(lines, " … m shows more")
  end
  if self.warning ~= "" then
    table.insert(lines, " " .. self.warning)
  end
  view.write(self.bufnr, lines)
  self.shown = vim.deepcopy(self.ids)
  put_back(self, at)
  vim.api.nvim_buf_clear_namespace(self.bufnr, names, 0, -1)
  for _, mark in ipairs(marks) do
    vim.api.nvim_buf_set_extmark(self.bufnr, names, mark[1], mark[2], { end_col = mark[3], hl_group = mark[4] })
  end
end

local function visible(self)
  return vim.api.nvim_buf_is_valid(self.bufnr) and #vim.fn.win_findbuf(self.bufnr) > 0
end

-- A list tells many jobs at once.
local function render_soon(self)
  if not self.to_render then
    self.to_render = true
    vim.schedule(function()
      self.to_render = false
      if visible(self) then
        render(self)
      end
    end)
  end
end

-- How the ledger looks from outside: another program of this workspace may have written to it.
local function looks(root)
  local seen = {}
  for _, name in ipairs({ "ledger.sqlite3", "ledger.sqlite3-wal" }) do
    local file = vim.uv.fs_stat(vim.fs.joinpath(root, ".padwan", name))
    table.insert(seen, file and ("%d %d.%d"):format(file.size, file.mtime.sec, file.mtime.nsec) or "")
  end
  return table.concat(seen, " ")
end

--- Ask the service again.
local function refresh(self)
  client_.with(self.bufnr, function(client)
    local wanted = { limit = self.limit, page_token = self.page_token }
    client_.execute(client, "list", wanted, function(result)
      if not vim.api.nvim_buf_is_valid(self.bufnr) then
        return
      end
      self.ids = vim.tbl_map(jobs.id, ask.listed(result))
      self.next_page, self.warning = result.next_page_token, result.warning
      self.ledger = looks(self.root)
      render(self)
    end)
  end)
end

--- Look from time to time while jobs run that nobody here polls, and when another program sent or ended one.
local function look_again(self)
  self.timer:start(LOOKS_EVERY, LOOKS_EVERY, function()
    vim.schedule(function()
      local runs = vim.iter(self.ids):any(function(id)
        local job = jobs.get(id)
        return job and not job.done and not follow.is_followed(id)
      end)
      if visible(self) and (runs or self.ledger ~= looks(self.root)) then
        refresh(self)
      end
    end)
  end)
end

local function at_cursor(self)
  return self.ids[vim.api.nvim_win_get_cursor(0)[1] - HEAD]
end

--- A key that runs a subcommand for the job of the line.
local function run(self, name)
  return function()
    local id = at_cursor(self)
    if not id then
      notify.warn("there is no job at the cursor.")
      return
    end
    local context = { bufnr = self.bufnr, confirm = true }
    require("padwan.subcommands").run(name, { job = id }, context)
  end
end

local function open_file(self)
  local job = jobs.get(at_cursor(self) or "")
  if not job or job.file == "" then
    notify.warn("no prompt file is known of this job.")
    return
  end
  view.to_file(files.resolved(job.file, self.root))
end

local function set_keys(self)
  view.keys(self.bufnr, "padwan jobs", {
    { "<CR>", "open the results", run(self, "results") },
    {
      "o",
      "open the prompt file",
      function()
        open_file(self)
      end,
    },
    { "p", "poll: watch the job until it ends", run(self, "poll") },
    { "s", "stop watching; the job goes on", run(self, "stop") },
    { "c", "cancel the job at the service", run(self, "cancel") },
    { "r", "retry: failed prompts into the quickfix list, and send them again", run(self, "retry") },
    { "e", "export the results to a file", run(self, "export") },
    { "i", "tell the state as the service has it now", run(self, "status") },
    {
      "R",
      "refresh the list",
      function()
        refresh(self)
      end,
    },
    {
      "m",
      "show more jobs",
      function()
        self.limit = self.limit + PAGE
        refresh(self)
      end,
    },
  })
end

local function new(bufnr, root)
  local self = { bufnr = bufnr, root = root, ids = {}, shown = {}, next_page = "", warning = "", ledger = "" }
  self.timer = assert(vim.uv.new_timer())
  look_again(self)
  vim.api.nvim_create_autocmd("BufWipeout", {
    buffer = bufnr,
    callback = function()
      self.timer:close()
      views[bufnr] = nil
    end,
  })
  return self
end

--- Open the jobs of a client's workspace.
---@param client vim.lsp.Client
---@param wanted { limit?: integer, page_token?: string }
function M.open(client, wanted)
  local bufnr = view.open("padwan://jobs" .. client.root_dir, "padwan-jobs", client.root_dir, "botright 12split")
  view.window_options({ cursorline = true })
  views[bufnr] = views[bufnr] or new(bufnr, client.root_dir)
  local self = views[bufnr]
  self.limit, self.page_token = wanted.limit or PAGE, wanted.page_token
  -- A buffer that was deleted has lost them.
  set_keys(self)
  refresh(self)
end

jobs.on_change(function(job)
  for _, self in pairs(views) do
    if visible(self) then
      local id = job and jobs.id(job)
      if id and job.total and follow.root(id) == self.root and not vim.list_contains(self.ids, id) then
        table.insert(self.ids, 1, id)
      end
      render_soon(self)
    end
  end
end)

return M
