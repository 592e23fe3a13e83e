"""Uploaded files and uploads on their way, on disk."""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from padwan_server.emulator.batches import EVERYBODY
from padwan_server.emulator.clock import LIFETIME, timestamp
from padwan_server.emulator.disk import read_records, write_record
from padwan_server.emulator.envelope import RpcError, refused
from padwan_server.emulator.messages import member

_LONGEST_ID = 40


@dataclass
class StoredFile:
    """A file; its bytes lie beside this record."""

    name: str
    owner: str
    display_name: str
    mime_type: str
    size: int
    created: int
    sha256: str = ""

    def expired(self, now: int) -> bool:
        """Whether the service has deleted it by now."""
        return now >= self.created + LIFETIME

    def wire(self, url: str) -> dict[str, Any]:
        """The File resource."""
        shown = {"displayName": self.display_name} if self.display_name else {}
        return {
            "name": self.name,
            **shown,
            "mimeType": self.mime_type,
            "sizeBytes": str(self.size),
            "createTime": timestamp(self.created),
            "updateTime": timestamp(self.created),
            "expirationTime": timestamp(self.created + LIFETIME),
            "sha256Hash": self.sha256,
            "uri": f"{url}/v1beta/{self.name}",
            "state": "ACTIVE",
            "source": "GENERATED" if self.name.startswith("files/batch-") else "UPLOADED",
        }


@dataclass
class Upload:
    """A resumable upload; ``ended`` when it has become a file."""

    id: str
    file: StoredFile
    ended: bool = False


class Files:
    """All files of the service, under ``folder``."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._folder.mkdir(parents=True, exist_ok=True)
        self._uploads = {upload.id: upload for upload in read_records(folder, ".upload", Upload)}
        records = read_records(folder, ".json", StoredFile)
        self._files = {file.name: file for file in sorted(records, key=lambda file: file.created)}

    def begin(self, owner: str, metadata: Any, mime_type: str, now: int) -> Upload:
        """Begin an upload of a file that ``metadata`` describes. Raises RpcError for what cannot be in it."""
        name = member(metadata, "name") or f"files/{secrets.token_hex(6)}"
        shown = member(metadata, "display_name") or ""
        name = f"files/{name.removeprefix('files/')}"
        _check_id(name, "CreateFileRequest.file.name")
        if name in self._files and not self._files[name].expired(now):
            raise RpcError("ALREADY_EXISTS", "Requested entity already exists")
        mime_type = mime_type or member(metadata, "mime_type") or "application/octet-stream"
        upload = Upload(secrets.token_hex(16), StoredFile(name, owner, shown, mime_type, 0, now))
        self.partial(upload).touch()
        self._uploads[upload.id] = upload
        self._keep(upload)
        return upload

    def upload(self, upload_id: str) -> Upload:
        """An upload that has begun. Raises RpcError."""
        if upload_id not in self._uploads:
            raise RpcError("NOT_FOUND", "Upload not found.")
        return self._uploads[upload_id]

    def received(self, upload: Upload) -> int:
        """Bytes of an upload that are here."""
        return upload.file.size if upload.ended else self.partial(upload).stat().st_size

    def finish(self, upload: Upload) -> StoredFile:
        """Make a file of an upload."""
        self.publish(upload.file, self.partial(upload))
        upload.ended = True
        self._keep(upload)
        return upload.file

    def abandon(self, upload: Upload) -> None:
        """Forget an upload."""
        del self._uploads[upload.id]
        for path in (self.partial(upload), self._upload_record(upload)):
            path.unlink(missing_ok=True)

    def partial(self, upload: Upload) -> Path:
        """Where the bytes of an upload are on their way."""
        return self._folder / f"upload-{upload.id}.partial"

    def _keep(self, upload: Upload) -> None:
        write_record(self._upload_record(upload), upload)

    def _upload_record(self, upload: Upload) -> Path:
        return self._folder / f"upload-{upload.id}.upload"

    def publish(self, file: StoredFile, path: Path) -> None:
        """Make a file of one that the service wrote itself."""
        file.size = path.stat().st_size
        with path.open("rb") as content:
            file.sha256 = base64.b64encode(hashlib.file_digest(content, "sha256").digest()).decode()
        path.replace(self.path(file.name))
        write_record(self._record(file.name), file)
        self._files[file.name] = file

    def has(self, name: str) -> bool:
        """Whether there is a file of this name."""
        return name in self._files

    def named(self, name: str, method: str, owner: str, now: int) -> StoredFile:
        """A file of this owner for a method that takes no longer names. Raises RpcError in the service's words.

        The files of results have longer ones, and can be downloaded only (recorded).
        """
        _check_length(name, f"{method}FileRequest.name")
        return self.get(name, owner, now)

    def get(self, name: str, owner: str, now: int) -> StoredFile:
        """A file of this owner. Raises RpcError in the service's words."""
        file = self._files.get(name)
        if file is None or file.owner not in (owner, EVERYBODY) or file.expired(now):
            raise RpcError(
                "PERMISSION_DENIED",
                f"You do not have permission to access the File {name.removeprefix('files/')} or it may not exist.",
            )
        return file

    def owned(self, owner: str, now: int) -> list[StoredFile]:
        """The owner's files that have not expired, newest first."""
        mine = (file for file in reversed(self._files.values()) if file.owner in (owner, EVERYBODY))
        return [file for file in mine if not file.expired(now)]

    def delete(self, file: StoredFile) -> None:
        """Forget a file."""
        del self._files[file.name]
        self._record(file.name).unlink(missing_ok=True)
        self.path(file.name).unlink(missing_ok=True)

    def path(self, name: str) -> Path:
        """Where a file's bytes are."""
        return self._folder / f"{name.removeprefix('files/')}.bin"

    def _record(self, name: str) -> Path:
        return self._folder / f"{name.removeprefix('files/')}.json"


def _check_id(name: str, field: str) -> None:
    """Refuse a name that no file can have (Google's description of a File). Raises RpcError."""
    _check_length(name, field)
    if not re.fullmatch(r"files/[a-z0-9]([a-z0-9-]*[a-z0-9])?", name):
        raise refused(field, "File ID (name excluding 'files/') must be lowercase alphanumeric or dashes.")


def _check_length(name: str, field: str) -> None:
    if len(name.removeprefix("files/")) > _LONGEST_ID:
        raise refused(field, f"File ID (name excluding 'files/') cannot be more than {_LONGEST_ID} characters.")
