"""The tool server for AI assistants; the only room that knows mcp."""
