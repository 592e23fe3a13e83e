"""Settings as a client tells them: in initializationOptions, on request, or in a notification."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from lsprotocol import types

from padwan_server.errors import PadwanError
from padwan_server.lsp.errors import log_internal
from padwan_server.operations.settings import Settings, parse_settings

if TYPE_CHECKING:
    from padwan_server.lsp.server import PadwanLanguageServer

SECTION = "padwan"
_ANSWER_WITHIN = 5.0
"""Seconds that a client may take to tell its settings before commands go on with those that are known."""


class Configuration:
    """The settings in force."""

    def __init__(self, server: PadwanLanguageServer) -> None:
        self._server = server
        self._initial: dict[str, Any] = {}
        self._asking: asyncio.Task[None] | None = None
        self.settings = Settings()

    def register(self) -> None:
        """Take part in the protocol."""
        self._server.on(types.INITIALIZED, self._initialized)
        self._server.on(types.WORKSPACE_DID_CHANGE_CONFIGURATION, self._changed)

    def initial(self, options: Any) -> None:
        """Take the settings of initializationOptions, with or without the section's name around them."""
        self._initial = _section(options)
        self._apply({})

    async def ready(self) -> None:
        """Wait until the client has answered what it was asked for."""
        if self._asking:
            await asyncio.wait({self._asking}, timeout=_ANSWER_WITHIN)

    def _initialized(self, _: types.InitializedParams) -> None:
        workspace = self._server.client_capabilities.workspace
        dynamic = workspace and workspace.did_change_configuration
        if dynamic and dynamic.dynamic_registration:
            registration = types.Registration(
                "padwan-settings", types.WORKSPACE_DID_CHANGE_CONFIGURATION, {"section": SECTION}
            )
            self._server.client_register_capability(types.RegistrationParams([registration]))
        self._ask()
        self._server.pick_up_jobs()

    def _changed(self, params: types.DidChangeConfigurationParams) -> None:
        if not self._ask() and params.settings:
            self._apply(_section(params.settings))

    def _ask(self) -> bool:
        """Ask for the settings, if the client answers such questions."""
        workspace = self._server.client_capabilities.workspace
        if not (workspace and workspace.configuration):
            return False
        self._asking = asyncio.create_task(self._take_answer())
        return True

    async def _take_answer(self) -> None:
        question = types.ConfigurationParams([types.ConfigurationItem(section=SECTION)])
        try:
            answer = await self._server.workspace_configuration_async(question)
        except Exception as error:  # noqa: BLE001 whatever a client answers, the settings so far stay
            log_internal(error)
            return
        self._apply(_section(answer[0] if answer else None))

    def _apply(self, given: dict[str, Any]) -> None:
        try:
            self.settings = parse_settings({**self._initial, **given})
        except PadwanError as error:
            self._server.window_show_message(types.ShowMessageParams(types.MessageType.Warning, str(error)))
            return
        self._server.settings_changed()


def _section(given: Any) -> dict[str, Any]:
    """The object under ``padwan`` in ``given``, or ``given`` itself; only what is set."""
    values = plain(given)
    values = values.get(SECTION, values) if isinstance(values, dict) else {}
    return {name: value for name, value in values.items() if value is not None} if isinstance(values, dict) else {}


def plain(value: Any) -> Any:
    """JSON as Python's own types: pygls turns the objects of untyped parameters into named tuples."""
    if hasattr(value, "_asdict"):
        value = value._asdict()
    if isinstance(value, dict):
        return {name: plain(member) for name, member in value.items()}
    return [plain(member) for member in value] if isinstance(value, list | tuple) else value
