"""WhiteNoise for an ASGI server: same files, same headers, read beside the event loop, text compressed."""

from __future__ import annotations

import gzip
import os
import re
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import BinaryIO

from asgiref.sync import iscoroutinefunction, markcoroutinefunction, sync_to_async
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from whitenoise.middleware import WhiteNoiseMiddleware
from whitenoise.responders import StaticFile

_GZIP = re.compile(r"\bgzip\b(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|$))")


class StaticFiles(WhiteNoiseMiddleware):  # type: ignore[misc]  # whitenoise ships no types
    """Under ASGI, WhiteNoise 6's own responses iterate synchronously, which Django warns of at each file."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase | Awaitable[HttpResponseBase]]) -> None:
        super().__init__(get_response)
        self._is_async = iscoroutinefunction(get_response)
        if self._is_async:
            markcoroutinefunction(self)
        #: By address: of which version, and its bytes.
        self._small: dict[str, tuple[str, bytes]] = {}

    def add_files(self, root: str, prefix: str | None = None) -> None:
        """Files of a collected directory; without one (nothing was collected yet) the finders serve them."""
        if os.path.isdir(root):
            super().add_files(root, prefix)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        if self._is_async:
            return self._answer(request)
        if (file := self._file(request.path_info)) is not None:
            return self._response(file, request)
        response: HttpResponseBase = self.get_response(request)
        return response

    async def _answer(self, request: HttpRequest) -> HttpResponseBase:
        if self.autorefresh:
            file = await sync_to_async(self._file)(request.path_info)
        else:
            file = self._file(request.path_info)
        if file is None:
            response: HttpResponseBase = await self.get_response(request)
            return response
        return await sync_to_async(self._response)(file, request)

    def _file(self, path: str) -> StaticFile | None:
        return self.find_file(path) if self.autorefresh else self.files.get(path)

    def _response(self, file: StaticFile, request: HttpRequest) -> HttpResponseBase:
        accepts_gzip = bool(_GZIP.search(request.headers.get("Accept-Encoding", "")))
        # A browser gives the mark of the compressed file back as it got it.
        known = request.META.get("HTTP_IF_NONE_MATCH", "").removeprefix("W/")
        meta = {**request.META, "HTTP_IF_NONE_MATCH": known} if known else request.META
        found = file.get_response(request.method, meta)
        headers = dict(found.headers)
        if _is_text(headers.get("Content-Type", "")):
            headers["Vary"] = "Accept-Encoding"
            if accepts_gzip and found.status == HTTPStatus.OK and "Content-Encoding" not in headers:
                return _answer_of(HTTPStatus.OK, *self._compressed(request.path_info, found.file, headers))
        if found.file is None:
            return _answer_of(found.status, b"", headers)
        with found.file as opened:
            return _answer_of(found.status, opened.read(), headers)

    def _compressed(self, path: str, file: BinaryIO | None, headers: dict[str, str]) -> tuple[bytes, dict[str, str]]:
        """The bytes and headers of a whole text file; compressed at its first request, and again once it changes."""
        version = headers.get("ETag", "")
        known_version, body = self._small.get(path, ("", b""))
        if file is not None:
            with file:
                if not version or known_version != version:
                    body = gzip.compress(file.read(), compresslevel=9, mtime=0)
                    self._small[path] = (version, body)
        # Weak: the same content, not the same bytes.
        headers = {**headers, "Content-Encoding": "gzip", "ETag": f"W/{version}"}
        headers.pop("Content-Length", None)
        if body:
            headers["Content-Length"] = str(len(body))
        return body if file is not None else b"", headers


def _is_text(content_type: str) -> bool:
    kind = content_type.partition(";")[0]
    return kind.startswith("text/") or kind in ("application/javascript", "application/json", "image/svg+xml")


def _answer_of(status: int, body: bytes, headers: dict[str, str]) -> HttpResponse:
    """In one piece: our files are small, and nothing has to be read while it is sent."""
    response = HttpResponse(body, status=int(status))
    del response["Content-Type"]
    for name, value in headers.items():
        response[name] = value
    return response
