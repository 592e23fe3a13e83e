-- For vim.lsp.enable("padwan"). What is set with vim.lsp.config("padwan", {…}) comes on top: :help padwan-config.
-- No filetypes: the names of the files decide, whatever a person makes of *.txt.
---@type vim.lsp.Config
return {
  cmd = { "padwan-server", "lsp" },
  root_dir = function(bufnr, on_dir)
    local files = require("padwan.files")
    local name = vim.api.nvim_buf_get_name(bufnr)
    if files.is_prompt_file(name) or files.is_results_file(name) then
      on_dir(files.root(name))
    end
  end,
  on_exit = function(code, signal, client_id)
    require("padwan.client").on_exit(code, signal, client_id)
  end,
  handlers = {
    ["padwan/jobProgress"] = function(_, look)
      require("padwan.jobs").on_progress(look)
    end,
  },
}
