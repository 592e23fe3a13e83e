-- Lua 5.1 with LuaJIT's own, as Neovim runs it.
std = "luajit"
globals = { "vim" }
max_line_length = 160
