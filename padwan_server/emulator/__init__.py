"""A local Gemini Batch and Files service: a program of its own, for tests, for CI, and for trying things."""
