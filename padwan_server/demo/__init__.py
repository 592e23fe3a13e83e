"""The main job from prompt file to results, through a real client of the real language server."""
