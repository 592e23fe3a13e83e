"""What an edit that a server offers makes of a document, or of a file that is not there yet."""

from __future__ import annotations

from lsprotocol import types

from padwan_server.prompts.fixes import apply
from padwan_server.prompts.problem import Edit
from padwan_server.prompts.span import Span
from padwan_server.prompts.text import Encoding, LineIndex


def edited(text: str, edit: types.WorkspaceEdit | None) -> str:
    """A document's text after an edit of it alone."""
    assert edit
    assert edit.changes
    [edits] = edit.changes.values()
    index = LineIndex(text)

    def span(place: types.Range) -> Span:
        ends = [index.offset(p.line, p.character, Encoding.UTF16) for p in (place.start, place.end)]
        return Span(ends[0], ends[1])

    return apply(text, [Edit(span(made.range), made.new_text) for made in edits if isinstance(made, types.TextEdit)])


def created(action: types.CodeAction) -> tuple[str, str]:
    """The name and the text of the file that an action makes."""
    assert action.edit
    assert action.edit.document_changes
    create, text = action.edit.document_changes
    assert isinstance(create, types.CreateFile)
    assert isinstance(text, types.TextDocumentEdit)
    [edit] = text.edits
    assert isinstance(edit, types.TextEdit)
    return create.uri.rsplit("/", 1)[1], edit.new_text
