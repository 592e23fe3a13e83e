"""padwan-server: Gemini batch jobs where people already work."""

__version__ = "0.1.0"
