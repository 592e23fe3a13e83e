"""Results as files: json, csv, txt and jsonl, streamed, whole or not at all."""
