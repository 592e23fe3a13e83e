"""Text that a model or a service wrote, made safe to show to another model: as data, never as instructions."""

from __future__ import annotations

import os
import re
import secrets

from padwan_server.gemini.errors import FAILED, REFUSED

_ESCAPE_SEQUENCES = re.compile(
    "(?:\x1b\\[|\x9b)[0-?]*[ -/]*[@-~]"  # colours, cursor movements
    "|(?:\x1b[\\]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\\\|\x9c)?"  # titles, links
    "|\x1b[ -/]*[0-~]"
)

_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # control characters but line feed and tab
    "\u00ad\u061c\u115f\u1160\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb"
    "\U000e0000-\U000e0fff"  # tags and selectors, in which whole sentences hide
    "\ud800-\udfff]"
)
"""Characters that people do not see and models read, and those that turn what people see around."""


_KEYS = ("GEMINI_API_KEY", "GOOGLE_API_KEY")
_SHORTEST_KEY = 16


def clean(text: str) -> str:
    """``text`` without terminal sequences, unseen characters and this process's API keys."""
    seen = _UNSEEN.sub("", _ESCAPE_SEQUENCES.sub("", text.replace("\r\n", "\n")))
    for name in _KEYS:
        key = os.environ.get(name, "")
        if len(key) >= _SHORTEST_KEY:
            seen = seen.replace(key, "(the API key)")
    return seen


def in_one_line(text: str) -> str:
    """``text``, cleaned, for where a line of its own could pass for ours."""
    return " ".join(clean(text).split())


_QUOTE = re.compile(f"({REFUSED}|{FAILED})(.+)", re.DOTALL)


class Fence:
    """Marks where foreign text begins and ends. Its name is made up anew, so that the text cannot close it."""

    def __init__(self) -> None:
        self._name = f"untrusted-{secrets.token_hex(4)}"

    def around(self, key: str, text: str) -> str:
        """``text``, which came for the prompt ``key``, between two marks; nothing around nothing."""
        quoted = clean(key).replace('"', "'").replace("\n", " ")[:_KEY_SHOWN]
        return f'<{self._name} key="{quoted}">{text}</{self._name}>' if text else ""

    def around_all(self, text: str) -> str:
        """``text``, which belongs to no prompt, between two marks; nothing around nothing."""
        return f"<{self._name}>{text}</{self._name}>" if text else ""

    def around_quote(self, text: str) -> str:
        """A message of ours; what it quotes of the service stands between two marks."""
        return _QUOTE.sub(lambda found: found[1] + self.around_all(found[2]), text)


_KEY_SHOWN = 100
