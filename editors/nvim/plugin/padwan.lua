-- All that is loaded at start-up: a command, and the filetypes of prompt files with names of one's own.
if vim.g.loaded_padwan then
  return
end
vim.g.loaded_padwan = true

vim.api.nvim_create_user_command("Padwan", function(given)
  require("padwan.command").run(given)
end, {
  nargs = "*",
  range = true,
  desc = "Gemini batch jobs: :help padwan",
  complete = function(lead, line)
    return require("padwan.command").complete(lead, line)
  end,
})

-- Asked only for files that nothing else knows.
vim.filetype.add({
  pattern = {
    [".*"] = {
      function(path)
        return require("padwan.files").filetype(path)
      end,
      { priority = -math.huge },
    },
  },
})
