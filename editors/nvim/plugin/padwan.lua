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
  complete = function(lead, line, position)
    return require("padwan.command").complete(lead, line, position)
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

-- No on_attach: that is for people's own.
vim.api.nvim_create_autocmd("LspAttach", {
  desc = "padwan: code lenses, inlay hints and commands",
  callback = function(event)
    local client = vim.lsp.get_client_by_id(event.data.client_id)
    if client and client.name == "padwan" then
      require("padwan.attach").on_attach(client, event.buf)
    end
  end,
})

-- Of a server that is not there Neovim says nothing.
vim.api.nvim_create_autocmd("FileType", {
  pattern = { "json", "jsonl", "text" },
  desc = "padwan: say when the server is missing",
  callback = function(event)
    if vim.lsp.is_enabled("padwan") and require("padwan.files").is_prompt_file(event.file) then
      require("padwan.client").is_installed()
    end
  end,
})
