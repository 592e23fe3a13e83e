-- The results of a job: a fold for each key, and a way to its prompt and back.
local client_ = require("padwan.client")
local files = require("padwan.files")
local jobs = require("padwan.jobs")
local notify = require("padwan.notify")
local view = require("padwan.view")

local M = {}

local HEAD = 3 -- lines above the first result

local names = vim.api.nvim_create_namespace("padwan.results")

local highlights = { ok = "DiagnosticOk", truncated = "DiagnosticWarn" }

---@class padwan.ResultsView
---@field bufnr integer
---@field job table
---@field heads table<integer, string> the key of each line that begins a result
---@field wanted table arguments of the operation: which results are shown
---@field results table[]
---@field next_offset integer?

---@type table<integer, padwan.ResultsView>
local views = {}

local PAGE = 1000

--- A page of the wanted results of a job, with the job as it is now.
local function fetch(client, job, wanted, callback)
  client_.execute(client, "status", { job = job }, function(told)
    local function with(page)
      told.results, told.next_offset = page.results, page.next_offset
      callback(told)
    end
    local arguments = vim.tbl_extend("force", { limit = PAGE }, wanted, { job = jobs.id(told) })
    client_.execute(client, "results", arguments, with, function(failure)
      if vim.tbl_get(failure, "data", "code") == "job-not-done" then
        with({ results = {} })
        return true
      end
    end)
  end)
end

local function head(result)
  local tokens = ""
  if result.output_tokens then
    tokens = ("  %d + %d tokens"):format(result.input_tokens or 0, result.output_tokens)
  end
  local finish = vim.list_contains({ "", "STOP" }, result.finish_reason) and "" or "  " .. result.finish_reason
  return result.key:gsub("\n", " "), ("  %s%s%s"):format(result.outcome, tokens, finish)
end

-- Which results are shown, if not all
local function only(wanted)
  local words = {}
  if wanted.failed_only then
    table.insert(words, "without a good answer")
  end
  if wanted.keys then
    table.insert(words, #wanted.keys == 1 and "of one key" or ("of %d keys"):format(#wanted.keys))
  end
  return #words > 0
      and ("   only those %s; :Padwan results with the job shows all"):format(table.concat(words, " and "))
    or ""
end

local function render(self, told)
  local job = told
  local outcomes = {}
  for outcome, count in vim.spairs(told.outcomes) do
    table.insert(outcomes, count .. " " .. outcome)
  end
  local title = (" %s: %s   g? help"):format(job.file ~= "" and job.file or job.name, table.concat(outcomes, ", "))
  local from = (" %s  %s%s"):format(jobs.id(job), job.model, only(self.wanted))
  local lines, marks = { title, from, "" }, { { 0, 0, #title, "Title" }, { 1, 0, #from, "Comment" } }
  self.heads = {}
  for _, result in ipairs(told.results) do
    local key, rest = head(result)
    table.insert(marks, { #lines, 0, #key, "Function" })
    table.insert(marks, { #lines, #key, #key + #rest, highlights[result.outcome] or "DiagnosticError" })
    table.insert(lines, key .. rest)
    self.heads[#lines] = result.key
    local text = result.content
    if result.error ~= "" then
      text = text == "" and result.error or text .. "\n" .. result.error
    end
    vim.list_extend(lines, vim.split(text, "\r?\n"))
    table.insert(lines, "")
  end
  if told.next_offset then
    table.insert(lines, " … m shows more, and :Padwan export writes all")
  elseif #told.results == 0 then
    local why = job.done and " No result is among those that were asked for."
      or " There are no results yet: the job is %s."
    table.insert(lines, why:format(job.state))
  end
  view.write(self.bufnr, lines)
  vim.api.nvim_buf_clear_namespace(self.bufnr, names, 0, -1)
  for _, mark in ipairs(marks) do
    vim.api.nvim_buf_set_extmark(self.bufnr, names, mark[1], mark[2], { end_col = mark[3], hl_group = mark[4] })
  end
end

--- The level of a line for 'foldexpr'.
---@return string|integer
function M.fold()
  local self = views[vim.api.nvim_get_current_buf()]
  local line = vim.v.lnum
  if not self or line <= HEAD then
    return 0
  end
  return self.heads[line] and ">1" or "="
end

--- The key whose answer stands at the cursor.
---@return string?
function M.key_at_cursor()
  local self = views[vim.api.nvim_get_current_buf()]
  for line = vim.api.nvim_win_get_cursor(0)[1], 1, -1 do
    if self.heads[line] then
      return self.heads[line]
    end
  end
end

--- Put the cursor on the answer of a key; whether there is one.
---@param self padwan.ResultsView
---@param key string
---@return boolean
local function to_key(self, key)
  for line, found in pairs(self.heads) do
    if found == key then
      vim.api.nvim_win_set_cursor(0, { line, 0 })
      vim.cmd.normal({ "zv", bang = true })
      return true
    end
  end
  return false
end

local function to_prompt(self)
  local key = M.key_at_cursor()
  if not key or self.job.file == "" then
    notify.warn("no prompt file is known of this job.")
    return
  end
  local path = files.resolved(self.job.file, vim.b[self.bufnr].padwan_root)
  client_.with(self.bufnr, function(client)
    client_.places(client, path, { keys = { key } }, function(places, uri)
      if #places == 0 then
        notify.warn(("%s is not in %s now."):format(key, self.job.file))
        return
      end
      view.to_file(path)
      vim.lsp.util.show_document({ uri = uri, range = places[1].range }, client.offset_encoding, { focus = true })
    end)
  end)
end

--- A key that goes to the next line, or with -1 to the one before, that begins a result.
local function step(self, by)
  return function()
    local line = vim.api.nvim_win_get_cursor(0)[1] + by
    local last = by > 0 and vim.api.nvim_buf_line_count(self.bufnr) or 1
    for candidate = line, last, by do
      if self.heads[candidate] then
        vim.api.nvim_win_set_cursor(0, { candidate, 0 })
        return
      end
    end
  end
end

local function run(self, name)
  return function()
    require("padwan.subcommands").run(name, { job = jobs.id(self.job) }, { bufnr = self.bufnr })
  end
end

local function set_keys(self)
  local function back()
    to_prompt(self)
  end
  view.keys(self.bufnr, "padwan results", {
    { "<CR>", "go to the prompt of this answer", back },
    { "gd", "the same", back },
    { "]]", "next key", step(self, 1) },
    { "[[", "previous key", step(self, -1) },
    { "r", "retry: failed prompts into the quickfix list, and send them again", run(self, "retry") },
    { "e", "export the results to a file", run(self, "export") },
    {
      "m",
      "show more results",
      function()
        M.more(self)
      end,
    },
    {
      "R",
      "read them again",
      function()
        M.show(self)
      end,
    },
    { "za", "open or close the fold of a key (zM, zR: all)", "za" },
  })
end

local function take(self, told)
  self.results, self.next_offset = told.results, told.next_offset
  render(self, told)
  self.job = jobs.told(told)
end

--- Read the results of a view anew.
---@param self padwan.ResultsView
function M.show(self)
  client_.with(self.bufnr, function(client)
    fetch(client, jobs.id(self.job), self.wanted, function(told)
      take(self, told)
    end)
  end)
end

--- Add the next page to a view.
---@param self padwan.ResultsView
function M.more(self)
  if not self.next_offset then
    notify.info("there are no more results.")
    return
  end
  client_.with(self.bufnr, function(client)
    local wanted = vim.tbl_extend("force", self.wanted, { offset = self.next_offset })
    fetch(client, jobs.id(self.job), wanted, function(told)
      told.results = vim.list_extend(self.results, told.results)
      take(self, told)
    end)
  end)
end

--- Open the results of a job, at a key if one is given.
---@param client vim.lsp.Client
---@param job string
---@param key? string
---@param wanted? table arguments of the operation: which results to show
function M.open(client, job, key, wanted)
  fetch(client, job, wanted or {}, function(told)
    local name = "padwan://results" .. client.root_dir .. "/" .. jobs.id(told)
    local bufnr = view.open(name, "padwan-results", client.root_dir, "botright vsplit")
    view.window_options({
      foldmethod = "expr",
      foldexpr = "v:lua.require'padwan.results_view'.fold()",
      foldlevel = 99,
      foldenable = true,
      foldtext = "",
      wrap = true,
      linebreak = true,
    })
    views[bufnr] = views[bufnr] or { bufnr = bufnr, heads = {} }
    local self = views[bufnr]
    -- A buffer that was deleted has lost them.
    set_keys(self)
    self.job, self.wanted = told, wanted or {}
    take(self, told)
    vim.cmd.normal({ "zx", bang = true })
    if not key or to_key(self, key) then
      return
    end
    if told.next_offset then
      -- It is on a page further on.
      M.open(client, job, key, { keys = { key } })
    else
      notify.warn("the job has no answer for " .. key .. ".")
    end
  end)
end

--- The newest job of a prompt file that has ended, else the newest.
local function job_of(file, listed)
  local of_file = vim.tbl_filter(function(job)
    return job.file == file
  end, listed)
  return vim.iter(of_file):find(function(job)
    return job.done
  end) or of_file[1]
end

--- From a prompt file: the results of its last job, at the prompt of the cursor. From elsewhere the job is asked for.
---@param client vim.lsp.Client
---@param bufnr integer
---@param wanted table
function M.open_beside(client, bufnr, wanted)
  local path = vim.api.nvim_buf_get_name(bufnr)
  local line = vim.api.nvim_win_get_cursor(0)[1] - 1
  local text = vim.api.nvim_get_current_line()
  client_.execute(client, "list", { limit = 100 }, function(result)
    local job = job_of(files.shown(path, client.root_dir), require("padwan.ask").listed(result))
    if not job then
      require("padwan.ask").job(client, "results", "Results", function(id)
        M.open(client, id, nil, wanted)
      end)
      return
    end
    local range = {
      start = { line = line, character = 0 },
      ["end"] = { line = line, character = vim.str_utfindex(text, client.offset_encoding) },
    }
    client_.places(client, path, { range = range }, function(places)
      M.open(client, jobs.id(job), places[1] and places[1].key, wanted)
    end)
  end)
end

return M
