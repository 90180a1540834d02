"""The sandbox under a `requests` session: the product's own client talks to it without a socket."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import BaseAdapter, HTTPAdapter
from urllib3 import HTTPResponse

from conversations.evolution.sandbox import ConnectionDropped, NeverAnswers, Sandbox


class SandboxAdapter(BaseAdapter):
    """Mount it: `session.mount("http://sandbox.test", SandboxAdapter(sandbox))`."""

    def __init__(self, sandbox: Sandbox) -> None:
        super().__init__()
        self._sandbox = sandbox

    def send(
        self, request: requests.PreparedRequest, stream: bool = False, timeout: Any = None, verify: Any = True,
        cert: Any = None, proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:  # fmt: skip
        """Answer from the sandbox; its failures become those of a real connection."""
        split = urlsplit(str(request.url))
        target = (split.path or "/") + (f"?{split.query}" if split.query else "")
        try:
            answer = self._sandbox.handle(str(request.method), target, dict(request.headers), _bytes(request.body))
        except ConnectionDropped as error:
            raise requests.ConnectionError("the sandbox closed the connection", request=request) from error
        except NeverAnswers as error:
            raise requests.ReadTimeout("the sandbox never answers", request=request) from error
        return _response(request, *answer)

    def close(self) -> None:
        """Nothing is held."""


def _bytes(body: Any) -> bytes:
    return body.encode() if isinstance(body, str) else body or b""


def _response(
    request: requests.PreparedRequest, status: int, headers: Mapping[str, str], content: bytes
) -> requests.Response:
    raw = HTTPResponse(io.BytesIO(content), headers=dict(headers), status=status, preload_content=False)
    response: requests.Response = HTTPAdapter().build_response(request, raw)
    return response


def session_for(sandbox: Sandbox, base_url: str = "http://sandbox.test") -> requests.Session:
    """A session whose calls to `base_url` reach the sandbox."""
    session = requests.Session()
    session.trust_env = False
    session.mount(base_url, SandboxAdapter(sandbox))
    return session
