"""Asking the person at the terminal before something costs twice."""

from __future__ import annotations

import asyncio
import sys

import click


async def confirm(question: str) -> bool | None:
    """Whether the person says yes; None where input or errors go elsewhere than to a terminal."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return None
    return await asyncio.to_thread(click.confirm, question, err=True)
