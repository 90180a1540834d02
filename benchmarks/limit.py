"""The limit in Python: the same three calls by hand on one event loop, nothing kept, nothing checked, nothing retried.

Nobody would run this. It shows how much of a number is the machine's and the world's share.
"""

from __future__ import annotations

import argparse
import asyncio
import json
from typing import Any
from urllib.parse import urlsplit

import uvloop

from benchmarks import http11
from benchmarks.gateway import API_KEY, INSTANCE
from benchmarks.http11 import Answer, Client, Request

_JSON = {"Content-Type": "application/json"}
_KEY = {**_JSON, "apikey": API_KEY}
_TIMEOUT_S = 30.0


class Pipeline:
    """Webhook in, history, model, answer out."""

    def __init__(self, world: str) -> None:
        place = urlsplit(world)
        self._client = Client(str(place.hostname), place.port or 80)
        self._tasks: set[asyncio.Task[None]] = set()

    def handle(self, request: Request) -> Answer:
        """Take a webhook."""
        if request.method == "POST":
            event = json.loads(request.body)
            if event["event"] == "messages.upsert" and not event["data"]["key"]["fromMe"]:
                task = asyncio.ensure_future(self._reply(event["data"]["key"]["remoteJid"]))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
        return 200, {}, b""

    async def _reply(self, jid: str) -> None:
        asked = {"where": {"key": {"remoteJid": jid}}, "page": 1, "offset": 10}
        history = await self._post(f"/chat/findMessages/{INSTANCE}", asked, _KEY)
        contents = [_turn(record) for record in reversed(history["messages"]["records"])]
        model = "/v1beta/models/gemini-2.5-flash:generateContent"
        answer = await self._post(model, {"contents": contents}, _JSON)
        text = answer["candidates"][0]["content"]["parts"][0]["text"]
        await self._post(f"/message/sendText/{INSTANCE}", {"number": jid, "text": text}, _KEY)

    async def _post(self, target: str, body: Any, headers: dict[str, str]) -> Any:
        status, content = await self._client.post(target, headers, json.dumps(body).encode(), _TIMEOUT_S)
        if status >= 300:
            raise ConnectionError(f"{target} answered {status}")
        return json.loads(content)


def _turn(record: Any) -> dict[str, Any]:
    role = "model" if record["key"]["fromMe"] else "user"
    return {"role": role, "parts": [{"text": record["message"]["conversation"]}]}


async def _serve(world: str, port: int) -> None:
    server, _ = await http11.serve(Pipeline(world).handle, port)
    await server.serve_forever()


def main() -> None:
    """Serve until stopped."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--world", required=True)
    parser.add_argument("--port", type=int, required=True)
    wanted = parser.parse_args()
    uvloop.install()
    asyncio.run(_serve(wanted.world, wanted.port))


if __name__ == "__main__":
    main()
