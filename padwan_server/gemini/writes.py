"""Creates, uploads, cancels and deletes, by Google's own SDK."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from padwan_server.gemini.endpoint import Endpoint
from padwan_server.gemini.errors import ServiceError, answer_error, bad_answer, network_error, not_sent, uncertain
from padwan_server.gemini.job import RemoteJob, parse_job
from padwan_server.gemini.reads import uses_environment

if TYPE_CHECKING:
    from google.genai import Client
    from httpx2 import Request, Response

T = TypeVar("T")

_MIME_TYPE = "application/jsonl"
"""The SDK cannot guess it from the name; Google's batch samples write it so."""

_UPLOAD_TIMEOUT = 600.0
"""Seconds for each piece of 8 MiB."""


class Writes:
    """Changes things at one endpoint.

    The SDK's synchronous client runs in a thread of its own: its asynchronous one is bound to one event loop, and
    encoding a large request would hold ours. Nothing is ever retried here.
    """

    def __init__(self, endpoint: Endpoint, timeout: float) -> None:
        self._endpoint = endpoint
        self._timeout = timeout
        self._client: Client | None = None
        self._answer = b""
        self._sent = False
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="padwan-writes")

    async def create_inline(self, model: str, display_name: str, items: Sequence[dict[str, Any]]) -> RemoteJob:
        """A job of inline requests, sent as they are: the SDK's own types would drop members that they do not know."""
        return await self._run(self._create, model, display_name, [], {"requests": {"requests": list(items)}})

    async def create_from_file(self, model: str, display_name: str, file_name: str) -> RemoteJob:
        """A job of the requests in an uploaded file."""
        return await self._run(self._create, model, display_name, file_name, None)

    async def upload(self, path: Path, display_name: str) -> str:
        """Upload an input file; its name ``files/<id>``."""
        return await self._run(self._upload, path, display_name)

    async def cancel(self, name: str) -> None:
        """Ask for a job to be cancelled."""
        await self._run(self._change, lambda client: client.batches.cancel(name=name))

    async def delete(self, name: str) -> None:
        """Delete a job at the service."""
        await self._run(self._change, lambda client: client.batches.delete(name=name))

    async def aclose(self) -> None:
        """Let the thread end once its work is done."""
        self._thread.shutdown(wait=False)

    async def _run(self, function: Callable[..., T], *args: Any) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, partial(function, *args))

    # In the thread

    def _create(self, model: str, display_name: str, src: Any, inline: dict[str, Any] | None) -> RemoteJob:
        from google.genai import errors, types  # noqa: PLC0415 half a second that a start-up does not need
        from httpx2 import ConnectError, ConnectTimeout, HTTPError  # noqa: PLC0415

        body = {"batch": {"inputConfig": inline}} if inline else None
        config = types.CreateBatchJobConfig(
            display_name=display_name, http_options=types.HttpOptions(extra_body=body) if body else None
        )
        self._answer = b""
        client = self._connected()
        self._sent = False
        try:
            client.batches.create(model=model, src=src, config=config)
            return parse_job(self._answer)
        except (ConnectError, ConnectTimeout) as error:
            # No connection, so nothing was sent.
            raise network_error(error) from None
        except errors.APIError as error:
            refused = self._answered(error, "model-not-found" if inline else "file-not-found")
            raise (
                uncertain(refused.message) if refused.transient and refused.code != "rate-limited" else refused
            ) from None
        except HTTPError as error:
            raise uncertain(type(error).__name__) from None
        except Exception as error:  # noqa: BLE001 the job may exist whatever failed here
            if not self._sent:
                raise not_sent(error) from None
            return self._accepted(error)

    def _accepted(self, error: Exception) -> RemoteJob:
        """The job of an answer that the SDK or we could not read: if it names a job, the service has it."""
        try:
            return parse_job(self._answer)
        except ServiceError:
            raise uncertain(type(error).__name__) from None

    def _upload(self, path: Path, display_name: str) -> str:
        from google.genai import types  # noqa: PLC0415 see above

        options = types.HttpOptions(timeout=int(_UPLOAD_TIMEOUT * 1000))
        config = types.UploadFileConfig(display_name=display_name, mime_type=_MIME_TYPE, http_options=options)
        uploaded = self._change(lambda client: client.files.upload(file=path, config=config), "service-refused")
        if not uploaded.name:
            raise bad_answer(ValueError("no name"))
        return str(uploaded.name)

    def _change(self, call: Callable[[Client], T], missing: str = "job-not-found") -> T:
        from google.genai import errors  # noqa: PLC0415 see above
        from httpx2 import HTTPError  # noqa: PLC0415

        try:
            return call(self._connected())
        except errors.APIError as error:
            raise self._answered(error, missing) from None
        except HTTPError as error:
            raise network_error(error) from None
        except (ValueError, KeyError) as error:
            raise bad_answer(error) from None

    def _connected(self) -> Client:
        """The SDK's client. All is said here, since it would else take its own mind from the environment."""
        from google import genai  # noqa: PLC0415 see above
        from google.genai import types  # noqa: PLC0415

        if self._client is None:
            trusts = uses_environment(self._endpoint.base_url)
            hooks = {"request": [self._note], "response": [self._keep]}
            self._client = genai.Client(
                api_key=self._endpoint.api_key,
                vertexai=False,
                http_options=types.HttpOptions(
                    base_url=self._endpoint.base_url,
                    api_version=self._endpoint.api_version,
                    timeout=int(self._timeout * 1000),
                    client_args={
                        "trust_env": trusts,
                        "event_hooks": hooks,
                    },
                ),
            )
        return self._client

    def _note(self, _: Request) -> None:
        """From now on the service may have what was asked for."""
        self._sent = True

    def _keep(self, response: Response) -> None:
        """Keep the raw answer: the SDK's BatchJob has no counts."""
        self._answer = response.read()

    def _answered(self, error: Any, missing: str) -> ServiceError:
        """The SDK's APIError in our words."""
        response = error.response
        headers = dict(getattr(response, "headers", None) or {})
        body = self._endpoint.without_key(getattr(response, "content", b"") or b"")
        return answer_error(int(error.code or 500), body, headers, missing)
