"""The one error that people, assistants and programs see."""

from __future__ import annotations

from typing import Any

CODES = {
    "already-submitted": "An unfinished job has exactly the same prompts, model and settings.",
    "api-key-invalid": "The service refused the API key.",
    "bad-answer": "The service answered something that cannot be read.",
    "being-fetched": "Another program is fetching the results of the job.",
    "being-sent": "A living program is just sending the job, so nothing can be decided about it.",
    "conversion-loses": "The prompt file cannot be converted without a loss.",
    "demo-failed": "A step of the demo did not do what it should.",
    "disk-full": "There is no space left for the file; nothing was changed.",
    "emulator-not-started": "The workspace's emulator did not start; its log says why.",
    "empty-range": "The range given to create holds no prompt.",
    "file-changed": "The prompt file changed while it was read.",
    "file-not-found": "There is no such file, in the workspace or at the service.",
    "file-not-readable": "The file cannot be read.",
    "internal": "An error of padwan-server itself.",
    "interrupted": "The person stopped the command; a job that was sent goes on.",
    "invalid-job": "The name of the job cannot be one of the service's.",
    "invalid-params": "A parameter is missing, unknown or of the wrong type or value.",
    "invalid-path": "The path cannot be one of a file.",
    "invalid-root": "The folder may not serve as a workspace for assistants.",
    "invalid-settings": "A setting has a value that cannot be used.",
    "job-forgotten": "The workspace's ledger no longer has the job.",
    "job-not-done": "The job has not ended, or has no results yet.",
    "job-not-found": "The service has no job of this name for this API key.",
    "keys-or-range": "Both keys and range were given to create.",
    "ledger-newer": "The workspace's ledger was written by a newer version.",
    "ledger-not-writable": "The workspace's ledger cannot be written.",
    "ledger-unreadable": "The workspace's ledger is damaged or cannot be opened.",
    "model-not-found": "The service has no such model.",
    "network": "The service cannot be reached.",
    "nothing-uncertain": "Nothing about the job is uncertain, so there is nothing to resolve.",
    "no-candidate": "No job at the service, or more than one, may be the submission.",
    "no-api-key": "No API key is set, and the emulator was not asked for.",
    "nobody-to-ask": "The setting confirm is always, and the assistant's client cannot ask its user.",
    "not-confirmed": "The person was asked before money was spent, and did not agree.",
    "not-utf8": "The file is not UTF-8.",
    "other-backend": "The job was made at another backend.",
    "other-key": "The rest of the job waits for the API key that it was begun with.",
    "output-exists": "The output file exists and overwrite was not given.",
    "output-folder-missing": "The folder of the output file does not exist.",
    "output-is-folder": "The output path is a folder.",
    "output-not-allowed": "An assistant may not write a file of this kind or in a hidden place.",
    "output-not-writable": "The output file, or standard output, cannot be written.",
    "outside-workspace": "An assistant's path is outside the workspace.",
    "permission-denied": "The service does not allow this to the API key.",
    "port-taken": "The tool server cannot listen at the port it was given.",
    "prompt-file-errors": "The prompts have errors, so nothing was sent; data holds each with its place.",
    "prompts-or-file": "Neither or both of prompts and file were given.",
    "rate-limited": "The service asks to wait (429).",
    "requests-unknown": "The workspace does not hold the prompts that are to be retried.",
    "results-changed": "Somebody changed the job's results in the workspace.",
    "results-removed": "Somebody removed the job's results from the workspace.",
    "retry-running": "Failed prompts of this job are already being retried.",
    "service-refused": "The service refused the request; the message is its own.",
    "service-unavailable": "The service failed (5xx).",
    "still-sending": "A job takes longer to send than the call can wait; it goes on being sent.",
    "submit-uncertain": "The submission got no answer: the service may or may not have the job.",
    "too-many-requests": "There are more prompts than max_requests allows.",
    "unknown-command": "There is no such command.",
    "unknown-format": "There is no such export format.",
    "unknown-keys": "Keys given to create are not in the prompts.",
    "workspace-folder-unsafe": "The folder .padwan is a link or belongs to another user.",
    "workspace-not-writable": "The folder .padwan cannot be written.",
}
"""Every code and when it arises. tests/test_errors.py holds it against the code, docs/reference/errors.md derives."""


class PadwanError(Exception):
    """Something that the user can understand and act upon.

    ``code`` is stable and the same in every front end (docs/reference/errors.md lists them all), ``message`` says in
    the user's words what is wrong, ``hint`` is the next step, and ``data`` holds JSON values that a program may want.
    None of them ever holds an API key, and ``message`` never quotes a whole prompt.
    """

    def __init__(self, code: str, message: str, hint: str = "", data: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint
        self.data = data or {}

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()

    def to_json(self) -> dict[str, Any]:
        """The error as every front end hands it on: ``code``, ``message``, ``hint`` and ``data``."""
        return {"code": self.code, "message": self.message, "hint": self.hint, "data": self.data}
