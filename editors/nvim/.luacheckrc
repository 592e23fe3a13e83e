-- Lua 5.1 with LuaJIT's own, as Neovim runs it.
std = "luajit"
globals = { "vim" }
-- stylua sees to what can be broken.
max_line_length = false
