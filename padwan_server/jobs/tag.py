"""The tag at the end of a display name, by which a job is known again whose name at the service nobody heard."""

from __future__ import annotations

import re

_LENGTH = 12
_TAG = re.compile(rf" \[padwan-([0-9a-f]{{{_LENGTH}}})\]$")


def tag_of(job_id: str) -> str:
    """The tag of a submission: the beginning of our own name of it, which is random."""
    return job_id[:_LENGTH]


def tagged(display_name: str, job_id: str) -> str:
    """A display name as it goes to the service."""
    return f"{display_name} [padwan-{tag_of(job_id)}]"


def untagged(display_name: str) -> str:
    """A display name as people see it."""
    return _TAG.sub("", display_name)


def tag_in(display_name: str) -> str:
    """The tag at the end of a display name, empty if there is none."""
    match = _TAG.search(display_name)
    return match[1] if match else ""
