"""The tag at the end of a display name, by which a job is known again whose name at the service nobody heard."""

from __future__ import annotations

import re
import secrets

_DIGITS = 12
_LONGEST = 512
"""Characters of a display name at most: the limit that the service documents for those of files
(https://ai.google.dev/api/files); for those of jobs it documents none."""
_TAG = re.compile(rf" \[padwan-([0-9a-f]{{{_DIGITS}}})\]$")


def new_tag() -> str:
    """A tag that no other submission has."""
    return secrets.token_hex(_DIGITS // 2)


def tagged(display_name: str, tag: str) -> str:
    """A display name as it goes to the service; an empty tag leaves it as it is.

    One that is too long is cut before the tag, never in it.
    """
    end = f" [padwan-{tag}]" if tag else ""
    return display_name[: _LONGEST - len(end)] + end


def untagged(display_name: str) -> str:
    """A display name as people see it."""
    return _TAG.sub("", display_name)


def tag_in(display_name: str) -> str:
    """The tag at the end of a display name, empty if there is none."""
    match = _TAG.search(display_name)
    return match[1] if match else ""
