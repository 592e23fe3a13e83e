-- The command line of :Padwan, read and completed by the table of operations.
local notify = require("padwan.notify")
local operations = require("padwan.operations")

local M = {}

-- Lua reads "inf" and "nan" as numbers, JSON has none of them.
local function finite(text)
  local number = tonumber(text)
  return number and math.abs(number) < math.huge and number or nil
end

local readers = {
  string = function(text)
    return text
  end,
  integer = function(text)
    local number = finite(text)
    return number and number % 1 == 0 and number or nil
  end,
  number = finite,
  boolean = function(text)
    return ({ ["true"] = true, ["false"] = false })[text]
  end,
  array = function(text)
    return vim.split(text, ",", { plain = true })
  end,
  object = function(text)
    local read, value = pcall(vim.json.decode, text)
    return read and type(value) == "table" and value or nil
  end,
}

local wanted = { integer = "a whole number", number = "a number", boolean = "true or false", object = "a JSON object" }

---@param name string
---@return table?
function M.operation(name)
  return vim.iter(operations):find(function(operation)
    return operation.name == name
  end)
end

---@param name string
---@return table? parameters in their order
local function parameters_of(name)
  local own = require("padwan.subcommands").own[name]
  local operation = M.operation(name)
  return own and own.parameters or operation and operation.parameters
end

--- The parameter that a bare word stands for: the required ones in their order, else a file.
local function positional(parameters, taken)
  local required = vim.tbl_filter(function(parameter)
    return parameter.required or parameter.name == "file"
  end, parameters)
  table.sort(required, function(a, b)
    return a.required and not b.required
  end)
  return vim.iter(required):find(function(parameter)
    return taken[parameter.name] == nil
  end)
end

--- The arguments in the words after a subcommand; nil and what is wrong if they cannot be read.
---@param name string
---@param words string[]
---@return table? arguments, string? problem
function M.parse(name, words)
  local parameters = assert(parameters_of(name))
  local arguments = {}
  for _, word in ipairs(words) do
    local key, text = word:match("^([%w_]+)=(.*)$")
    local parameter = vim.iter(parameters):find(function(candidate)
      return candidate.name == key
    end)
    -- What looks like an argument is none of a wrong name, nor a file: that would be sent to the wrong place.
    if not parameter and not key then
      parameter, text = positional(parameters, arguments), word
    end
    if not parameter then
      local names = vim.iter(parameters):map(function(candidate)
        return candidate.name .. "="
      end)
      return nil, ("%s does not take %s. It takes: %s"):format(name, word, names:join(" "))
    end
    local value = readers[parameter.type](text)
    if value == nil then
      return nil, ("%s=%s must be %s."):format(parameter.name, text, wanted[parameter.type])
    end
    arguments[parameter.name] = value
  end
  return arguments
end

--- Run :Padwan as it was typed.
---@param given vim.api.keyset.create_user_command.command_args
function M.run(given)
  local words = vim.deepcopy(given.fargs)
  local name = table.remove(words, 1)
  local subcommands = require("padwan.subcommands")
  local context = {
    bufnr = vim.api.nvim_get_current_buf(),
    lines = given.range > 0 and { given.line1, given.line2 } or nil,
  }
  if not name then
    vim.ui.select(subcommands.names(), { prompt = "padwan" }, function(picked)
      if picked then
        subcommands.run(picked, {}, context)
      end
    end)
    return
  end
  if not vim.list_contains(subcommands.names(), name) then
    notify.error(("there is no :Padwan %s. There are: %s"):format(name, table.concat(subcommands.names(), ", ")))
    return
  end
  local arguments, problem = M.parse(name, words)
  if arguments then
    subcommands.run(name, arguments, context)
  else
    notify.error(problem)
  end
end

local function starting(candidates, lead)
  return vim.tbl_filter(function(candidate)
    return vim.startswith(candidate, lead)
  end, candidates)
end

-- On the command line a space in a name is written with a backslash.
local function unescaped(text)
  return (text:gsub("\\(.)", "%1"))
end

local function escaped(text)
  return (text:gsub("[\\%s]", "\\%0"))
end

local function values(parameter, lead)
  if parameter.name == "job" then
    return starting(require("padwan.ask").job_names(), lead)
  end
  if parameter.name == "file" or parameter.name == "output" then
    return vim.tbl_map(escaped, vim.fn.getcompletion(unescaped(lead), "file"))
  end
  if parameter.type == "array" then
    -- Only the last of a list is completed.
    local before, last = lead:match("^(.*,)([^,]*)$")
    return vim.tbl_map(function(value)
      return (before or "") .. value
    end, starting(parameter.values, last or lead))
  end
  return starting(vim.tbl_map(tostring, parameter.values), lead)
end

--- The words from the subcommand to the cursor as the command will have them; the last may be empty. The command itself
--- can be shortened and stand behind a range or modifiers.
local function words_before(line, position)
  local text =
    line:sub(1, position):gsub("^.-%f[%a]P[adwn]*%s+", "", 1):gsub("\\([\\ ])", { [" "] = "\1", ["\\"] = "\2" })
  return vim.tbl_map(function(word)
    return (word:gsub("\1", " "):gsub("\2", "\\"))
  end, vim.split(text, "%s+"))
end

---@param lead string
---@param line string
---@param position integer of the cursor, in bytes
---@return string[]
function M.complete(lead, line, position)
  local words = words_before(line, position)
  if #words == 1 then
    return starting(require("padwan.subcommands").names(), lead)
  end
  local parameters = parameters_of(words[1])
  if not parameters then
    return {}
  end
  local key, text = lead:match("^([%w_]+)=(.*)$")
  for _, parameter in ipairs(parameters) do
    if parameter.name == key then
      return vim.tbl_map(function(value)
        return key .. "=" .. value
      end, values(parameter, text))
    end
  end
  local taken = M.parse(words[1], vim.list_slice(words, 2, #words - 1)) or {}
  local bare = positional(parameters, taken)
  local names = {}
  for _, parameter in ipairs(parameters) do
    if taken[parameter.name] == nil then
      table.insert(names, parameter.name .. "=")
    end
  end
  return vim.list_extend(bare and values(bare, lead) or {}, starting(names, lead))
end

return M
