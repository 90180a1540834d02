"""WhiteNoise for an ASGI server: same files, same headers, read without blocking the event loop."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import BinaryIO

from asgiref.sync import iscoroutinefunction, markcoroutinefunction, sync_to_async
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from whitenoise.middleware import WhiteNoiseMiddleware
from whitenoise.responders import StaticFile

_CHUNK = 64 * 1024


class StaticFiles(WhiteNoiseMiddleware):  # type: ignore[misc]  # whitenoise ships no types
    """Under ASGI, WhiteNoise 6's own responses iterate synchronously, which Django warns of at each file."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase | Awaitable[HttpResponseBase]]) -> None:
        super().__init__(get_response)
        self._is_async = iscoroutinefunction(get_response)
        if self._is_async:
            markcoroutinefunction(self)

    def add_files(self, root: str, prefix: str | None = None) -> None:
        """Files of a collected directory; without one (nothing was collected yet) the finders serve them."""
        if os.path.isdir(root):
            super().add_files(root, prefix)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        if self._is_async:
            return self._answer(request)
        response: HttpResponseBase = super().__call__(request)
        return response

    async def _answer(self, request: HttpRequest) -> HttpResponseBase:
        file = self.files.get(request.path_info)
        if self.autorefresh:
            file = await sync_to_async(self.find_file)(request.path_info)
        if file is None:
            response: HttpResponseBase = await self.get_response(request)
            return response
        return await sync_to_async(_response)(file, request)


def _response(file: StaticFile, request: HttpRequest) -> HttpResponseBase:
    found = file.get_response(request.method, request.META)
    response: HttpResponseBase
    if found.file is None:
        response = HttpResponse(status=int(found.status))
    else:
        response = StreamingHttpResponse(_chunks(found.file), status=int(found.status))
    del response["Content-Type"]
    for name, value in found.headers:
        response[name] = value
    return response


async def _chunks(file: BinaryIO) -> AsyncIterator[bytes]:
    try:
        while chunk := await sync_to_async(file.read)(_CHUNK):
            yield chunk
    finally:
        file.close()
