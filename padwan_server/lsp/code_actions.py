"""Fixes of problems, and edits of a whole file."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lsprotocol import types
from pygls.uris import from_fs_path

from padwan_server.errors import PadwanError
from padwan_server.lsp.configuration import plain
from padwan_server.lsp.convert import Converter
from padwan_server.lsp.documents import PromptTextDocument, free_path
from padwan_server.prompts.conversion import EXTENSIONS, as_array, as_lines, converted, keyed, may_convert
from padwan_server.prompts.document import PromptDocument
from padwan_server.prompts.format import PromptFormat
from padwan_server.prompts.problem import Problem
from padwan_server.prompts.refactorings import REFACTORINGS, fixes, mendable

if TYPE_CHECKING:
    from padwan_server.lsp.server import PadwanLanguageServer

FIX_ALL = f"{types.CodeActionKind.SourceFixAll.value}.padwan"

_EAGER = 5_000
"""Prompts of a file whose every edit can be made just to see whether it applies, each time the cursor moves."""

_KINDS = [types.CodeActionKind.QuickFix, types.CodeActionKind.RefactorRewrite, FIX_ALL]


class CodeActions:
    """Code actions: those at the cursor, and for the whole file when they are asked for."""

    def __init__(self, server: PadwanLanguageServer) -> None:
        self._server = server

    def register(self) -> None:
        """Take part in the protocol."""
        options = types.CodeActionOptions(code_action_kinds=_KINDS, resolve_provider=True)
        self._server.on(types.TEXT_DOCUMENT_CODE_ACTION, self._actions, options)
        self._server.on(types.CODE_ACTION_RESOLVE, self._resolve)

    async def _actions(self, params: types.CodeActionParams) -> list[types.CodeAction]:
        view = await self._server.scope.view(params.text_document.uri)
        if view is None:
            return []
        document, prompts, convert = view
        wanted = _Wanted(params.context, prompts)
        actions: list[types.CodeAction] = []
        if wanted(types.CodeActionKind.QuickFix):
            found = self._found(params, prompts, convert)
            actions += [convert.code_action(problem, problem.fix) for problem in found if problem.fix]
            actions += [action async for action in _all_alike(found, prompts, convert, wanted)]
        if wanted(FIX_ALL) and (found := await _apart(mendable, prompts)) and (wanted.exactly or len(found) > 1):
            actions.append(convert.whole("Fix all that can be fixed", FIX_ALL, fixes(found)))
        if wanted(types.CodeActionKind.RefactorRewrite):
            actions += [action async for action in self._rewrites(document, prompts, convert)]
        return actions

    def _found(self, params: types.CodeActionParams, prompts: PromptDocument, convert: Converter) -> list[Problem]:
        grades = self._server.settings.grades
        return [grades.graded(found) for found in prompts.touching(*convert.span(params.range), grades.shown)]

    async def _rewrites(
        self, document: PromptTextDocument, prompts: PromptDocument, convert: Converter
    ) -> AsyncIterator[types.CodeAction]:
        """Those that apply; of a large file those that may, their edits made once one is chosen."""
        later = prompts.count > _EAGER and self._resolves
        for refactoring in REFACTORINGS:
            if not refactoring.may_apply(prompts):
                continue
            if later:
                yield _later(document, refactoring.title, rewrite=refactoring.name)
            elif edits := await _apart(refactoring.edits, prompts):
                yield convert.whole(refactoring.title, types.CodeActionKind.RefactorRewrite, edits)
        if self._creates_files:
            async for action in self._new_files(document, prompts, later=later):
                yield action

    async def _new_files(
        self, document: PromptTextDocument, prompts: PromptDocument, *, later: bool
    ) -> AsyncIterator[types.CodeAction]:
        for target in PromptFormat:
            title = f"Convert to {_NAMES[target]}"
            if not may_convert(prompts, target):
                continue
            path = free_path(document.path, "", EXTENSIONS[target])
            if later:
                yield _later(document, f"{title}: {path.name}", convert=target.value, path=str(path))
            elif text := await _apart(partial(converted, target=target), prompts):
                yield _new_file(title, path, text)
        if failed := await self._failed(document, prompts):
            yield failed

    async def _resolve(self, action: types.CodeAction) -> types.CodeAction:
        """Make the edit of an action that was only announced. Raises PadwanError ``conversion-loses``."""
        data = plain(action.data)
        document = self._server.scope.document(data.get("uri", "")) if isinstance(data, dict) else None
        if document is None:
            return action
        prompts = await document.prompts()
        if "rewrite" in data:
            edits = await _apart(_EDITS[data["rewrite"]], prompts)
            convert = Converter(document.uri, prompts, document.encoding)
            action.edit = convert.whole(action.title, types.CodeActionKind.RefactorRewrite, edits).edit
        elif "convert" in data:
            text = await _apart(partial(converted, target=PromptFormat(data["convert"])), prompts)
            if not text:
                raise PadwanError(
                    "conversion-loses",
                    "This file has prompts that the other format cannot hold: requests, or texts of several lines.",
                    "Convert it to JSON Lines or to a JSON array.",
                )
            action.edit = _new_file("", Path(data["path"]), text).edit
        return action

    async def _failed(self, document: PromptTextDocument, prompts: PromptDocument) -> types.CodeAction | None:
        """The prompts that the last job has no good answer to, in a file of their own, under the same keys."""
        problems = await self._server.last_jobs.failed(document, prompts, everything=True)
        records = [record for found in problems if (record := prompts.record_at(found.span.start))]
        if not records:
            return None
        target = PromptFormat.JSON if document.format is PromptFormat.JSON else PromptFormat.JSONL
        entries = map(keyed, records)
        text = as_array(entries) if target is PromptFormat.JSON else as_lines(entries)
        what = "1 failed prompt" if len(records) == 1 else f"{len(records)} failed prompts"
        return _new_file(f"Put {what} into a new file", free_path(document.path, ".failed", EXTENSIONS[target]), text)

    @property
    def _resolves(self) -> bool:
        text_document = self._server.client_capabilities.text_document
        actions = text_document and text_document.code_action
        return bool(actions and actions.resolve_support and "edit" in actions.resolve_support.properties)

    @property
    def _creates_files(self) -> bool:
        workspace = self._server.client_capabilities.workspace
        edit = workspace and workspace.workspace_edit
        return bool(edit and edit.document_changes and "create" in (edit.resource_operations or ()))


_EDITS = {refactoring.name: refactoring.edits for refactoring in REFACTORINGS}


def _later(document: PromptTextDocument, title: str, **data: str) -> types.CodeAction:
    """An action whose edit is made when it is chosen."""
    return types.CodeAction(title, kind=types.CodeActionKind.RefactorRewrite, data={"uri": document.uri, **data})


class _Wanted:
    """Whether a client asks for a kind of actions. What takes a look at a large file is not done unasked."""

    def __init__(self, context: types.CodeActionContext, prompts: PromptDocument) -> None:
        self.exactly = bool(context.only)
        self._only = [str(getattr(kind, "value", kind)) for kind in context.only or ()]
        automatic = context.trigger_kind is types.CodeActionTriggerKind.Automatic
        self.at_once = automatic and prompts.count > _EAGER
        """Whether the answer cannot wait for a look at the whole file."""

    def __call__(self, kind: str) -> bool:
        kind = str(getattr(kind, "value", kind))
        if self._only:
            return any(kind == only or kind.startswith(f"{only}.") for only in self._only)
        return kind == types.CodeActionKind.QuickFix.value or not self.at_once


async def _apart(function: Callable[[PromptDocument], Any], prompts: PromptDocument) -> Any:
    """Call a function that looks at every prompt, of a large file beside the event loop and on a copy."""
    if prompts.count <= _EAGER:
        return function(prompts)
    text, format_ = prompts.text, prompts.format
    return await asyncio.to_thread(lambda: function(PromptDocument(text, format_)))


async def _all_alike(
    found: list[Problem], prompts: PromptDocument, convert: Converter, wanted: _Wanted
) -> AsyncIterator[types.CodeAction]:
    """For each kind of problem found, the fix of all of its kind in the file."""
    for code in dict.fromkeys(problem.code for problem in found if problem.fix and not wanted.at_once):
        alike = [problem for problem in await _apart(partial(_of_kind, code=code), prompts) if problem.fix]
        if len(alike) > 1:
            title = f"Fix all {len(alike)} of this kind ({code})"
            yield convert.whole(title, types.CodeActionKind.QuickFix, fixes(alike))


def _of_kind(prompts: PromptDocument, code: str) -> list[Problem]:
    return prompts.find(prompts.counts().total(), {code})


_NAMES = {PromptFormat.JSON: "a JSON array", PromptFormat.JSONL: "JSON Lines", PromptFormat.TEXT: "text"}


def _new_file(title: str, path: Path, text: str) -> types.CodeAction:
    uri = from_fs_path(str(path)) or ""
    start = types.Range(types.Position(0, 0), types.Position(0, 0))
    document = types.OptionalVersionedTextDocumentIdentifier(uri)
    changes: list[types.TextDocumentEdit | types.CreateFile | types.RenameFile | types.DeleteFile] = [
        types.CreateFile(uri, options=types.CreateFileOptions(overwrite=False, ignore_if_exists=False)),
        types.TextDocumentEdit(document, [types.TextEdit(start, text)]),
    ]
    return types.CodeAction(
        f"{title}: {path.name}",
        kind=types.CodeActionKind.RefactorRewrite,
        edit=types.WorkspaceEdit(document_changes=changes),
    )
