"""Prompt files as documents: formats, records, tolerant parsing, problems and fixes. Pure: no protocol, no network."""
