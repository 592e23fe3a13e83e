"""The language server; the only room that knows pygls and lsprotocol."""

from __future__ import annotations

import functools
import gc

import attrs


def _load_types() -> None:
    """Import lsprotocol, whose hundreds of classes take most of a start, without what nothing here may use.

    Their ``__repr__`` would print whole messages, prompts included. Leaving it out, and letting the collector rest
    meanwhile, takes a third of the import's time (docs/reference/performance.md).
    """
    define, attrs.define = attrs.define, functools.partial(attrs.define, repr=False)
    gc.disable()
    try:
        import lsprotocol.types  # noqa: F401, PLC0415
    finally:
        attrs.define = define
        gc.enable()


_load_types()
