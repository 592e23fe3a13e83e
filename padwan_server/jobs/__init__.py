"""Batch jobs from submission to stored results: the ledger, the watchers, the retry chains."""
