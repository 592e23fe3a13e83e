"""What became of a command in a sentence: an editor whose picker passes no arguments shows no result either."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def in_words(result: Mapping[str, Any]) -> str:
    """``result``, the JSON value of any operation's, for a person."""
    match result:
        case {"message": str(message)}:
            return message
        case {"jobs": list(jobs)}:
            return "\n".join(map(_job, jobs)) or "There are no jobs."
        case {"rows": rows, "output": output}:
            return f"{rows} rows were written to {output}."
        case {"file": file, "prompts": prompts, "errors": errors, "warnings": int(warnings)}:
            return f"{file}: {prompts} prompts, {errors} errors, {warnings} warnings."
        case {"state": _, "total": _}:
            return _job(result)
    return "Done."


def _job(job: Mapping[str, Any]) -> str:
    words = f"{job['job'] or job['id']}: {job['state']} {job['succeeded'] + job['failed']}/{job['total']}"
    return f"{words}, {job['failed']} failed" if job["failed"] else words
