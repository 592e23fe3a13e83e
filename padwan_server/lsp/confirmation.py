"""Asking the person in the editor before something costs twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

if TYPE_CHECKING:
    from padwan_server.lsp.server import PadwanLanguageServer

YES = "Send again"
NO = "Cancel"


async def confirm(server: PadwanLanguageServer, question: str) -> bool | None:
    """Whether the person says yes; None if the client shows no questions."""
    window = server.client_capabilities.window
    if not (window and window.show_message):
        return None
    actions = [types.MessageActionItem(YES), types.MessageActionItem(NO)]
    params = types.ShowMessageRequestParams(types.MessageType.Warning, question, actions)
    answer = await server.window_show_message_request_async(params)
    return answer is not None and answer.title == YES
