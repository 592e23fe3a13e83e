"""Uploaded files and uploads on their way, on disk."""

from __future__ import annotations

import base64
import hashlib
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import msgspec

from padwan_server.emulator.batches import EVERYBODY
from padwan_server.emulator.clock import LIFETIME, timestamp
from padwan_server.emulator.envelope import RpcError, invalid


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
    """A resumable upload that has begun."""

    id: str
    file: StoredFile
    path: Path
    received: int = 0


class Files:
    """All files of the service, under ``folder``."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._folder.mkdir(parents=True, exist_ok=True)
        self._uploads: dict[str, Upload] = {}
        records = [msgspec.json.decode(path.read_bytes(), type=StoredFile) for path in folder.glob("*.json")]
        self._files = {file.name: file for file in sorted(records, key=lambda file: file.created)}

    def begin(self, owner: str, metadata: dict[str, Any], mime_type: str, now: int) -> Upload:
        """Begin an upload. Raises RpcError for a file name that is taken or impossible."""
        name = metadata.get("name") or f"files/{secrets.token_hex(6)}"
        if not isinstance(name, str) or not name.removeprefix("files/").replace("-", "").isalnum():
            raise invalid("file.name", "Invalid file name.")
        shown = str(metadata.get("displayName") or metadata.get("display_name") or "")
        file = StoredFile(name, owner, shown, mime_type or "application/octet-stream", 0, now)
        upload = Upload(secrets.token_hex(16), file, self._folder / f"upload-{secrets.token_hex(8)}.partial")
        upload.path.touch()
        self._uploads[upload.id] = upload
        return upload

    def upload(self, upload_id: str) -> Upload:
        """An upload on its way. Raises RpcError."""
        if upload_id not in self._uploads:
            raise RpcError("NOT_FOUND", "Upload not found.")
        return self._uploads[upload_id]

    def finish(self, upload: Upload) -> StoredFile:
        """Make a file of an upload."""
        del self._uploads[upload.id]
        upload.file.size = upload.received
        upload.path.replace(self.path(upload.file.name))
        return self._add(upload.file)

    def abandon(self, upload: Upload) -> None:
        """Forget an upload."""
        del self._uploads[upload.id]
        upload.path.unlink(missing_ok=True)

    def publish(self, file: StoredFile, path: Path) -> None:
        """Make a file of one that the service wrote itself."""
        file.size = path.stat().st_size
        path.replace(self.path(file.name))
        self._add(file)

    def _add(self, file: StoredFile) -> StoredFile:
        with self.path(file.name).open("rb") as content:
            file.sha256 = base64.b64encode(hashlib.file_digest(content, "sha256").digest()).decode()
        self._record(file.name).write_bytes(msgspec.json.encode(asdict(file)))
        self._files[file.name] = file
        return file

    def get(self, name: str, owner: str, now: int) -> StoredFile:
        """A file of this owner. Raises RpcError in the service's words."""
        file = self._files.get(name)
        if file is None or file.owner not in (owner, EVERYBODY) or file.expired(now):
            raise RpcError(
                "PERMISSION_DENIED",
                f"You do not have permission to access the File {name.removeprefix('files/')} or it may not exist.",
            )
        return file

    def owned(self, owner: str) -> list[StoredFile]:
        """The owner's files, newest first."""
        return [file for file in reversed(self._files.values()) if file.owner in (owner, EVERYBODY)]

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
