-- What a person's own configuration may call: :help padwan-lua.
local M = {}

--- For a statusline: how far the watched jobs are, empty if there are none. Loads nothing by itself.
---@return string
function M.status()
  if not package.loaded["padwan.follow"] then
    return ""
  end
  local jobs = require("padwan.jobs")
  local done, total, failed, state, count = 0, 0, 0, "", 0
  for _, id in ipairs(require("padwan.follow").all()) do
    local job = jobs.get(id)
    if job and job.total then
      count = count + 1
      done, total = done + job.succeeded + job.failed, total + job.total
      failed, state = failed + job.failed, job.state
    end
  end
  if count == 0 then
    return ""
  end
  local what = count == 1 and state or count .. " jobs"
  return ("padwan: %s %d/%d%s"):format(what, done, total, failed > 0 and (", %d failed"):format(failed) or "")
end

--- Run what :Padwan runs, e.g. run("create", { file = "ask.prompts.json" }). What is missing is asked for.
---@param subcommand string
---@param arguments? table
---@param context? { bufnr?: integer, lines?: [integer, integer] }
function M.run(subcommand, arguments, context)
  require("padwan.subcommands").run(subcommand, arguments or {}, context or {})
end

return M
