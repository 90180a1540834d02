"""Leads who write: each again when answered (closed loop), so many a second (open loop), or several in one go."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from benchmarks.gateway import Gateway
from benchmarks.ledger import Ledger
from conversations.evolution.sandbox.world import Sent

#: A lead of a closed loop who got no answer for so long writes again, in seconds: one lost reply must not end the loop.
_IMPATIENT_S = 10.0
#: After the last answer, so long is waited for second ones.
_QUIET_S = 2.0


@dataclass(frozen=True)
class Run:
    """Messages that belong together."""

    first: int
    last: int
    #: How long it took, and the replies that came in that time.
    seconds: float
    replies: int


class Leads:
    """Everybody who writes. Each run has leads of its own, so that no history grows from run to run."""

    def __init__(self, gateway: Gateway, ledger: Ledger) -> None:
        self._gateway = gateway
        self._ledger = ledger
        self._loop = asyncio.get_running_loop()
        # Numbers that end in seven zeros are not on WhatsApp.
        self._known = 1
        #: Who writes again when answered.
        self._talkative: set[str] = set()
        self._last_progress = self._loop.time()
        gateway.on_sent(self._got)

    async def closed(self, count: int, seconds: float) -> Run:
        """`count` leads, each of whom writes again as soon as the last message is answered, for `seconds`."""
        first, before, began = self._ledger.next_number(), self._ledger.count, self._loop.time()
        leads = self._new(count)
        self._talkative = set(leads)
        waiting = {lead: self._write(lead) for lead in leads}
        until = began + seconds
        while (left := until - self._loop.time()) > 0:
            await asyncio.sleep(min(left, _IMPATIENT_S))
            if self._loop.time() < until and self._loop.time() - self._last_progress > _IMPATIENT_S:
                waiting = {lead: self._write(lead) for lead in waiting}
        self._talkative = set()
        return self._run(first, before, began)

    async def open(self, rate: float, seconds: float, count: int) -> Run:
        """`rate` messages a second, evenly, from `count` leads in turn."""
        first, before, began = self._ledger.next_number(), self._ledger.count, self._loop.time()
        leads = self._new(count)
        for number in range(round(rate * seconds)):
            if (early := began + number / rate - self._loop.time()) > 0:
                await asyncio.sleep(early)
            self._write(leads[number % count])
        return self._run(first, before, began)

    async def bursts(self, count: int, size: int, pause_s: float) -> Run:
        """`count` leads, one after the other, who each write `size` messages with pauses of `pause_s`."""
        first, before, began = self._ledger.next_number(), self._ledger.count, self._loop.time()
        for lead in self._new(count):
            for _ in range(size):
                self._write(lead)
                await asyncio.sleep(pause_s)
        return self._run(first, before, began)

    async def settle(self, first: int, last: int, patience_s: float) -> bool:
        """Wait until all of `first` to `last` are answered and nothing more comes; False after `patience_s` in vain.

        Patience begins anew with each reply.
        """
        self._last_progress = self._loop.time()
        numbers = range(first, last + 1)
        while True:
            waits = self._ledger.unanswered(numbers) > 0
            if self._loop.time() - self._last_progress > (patience_s if waits else _QUIET_S):
                return not waits
            await asyncio.sleep(0.1)

    def _new(self, count: int) -> list[str]:
        begin, self._known = self._known, self._known + count
        return [f"5511{910_000_000 + number}@s.whatsapp.net" for number in range(begin, self._known)]

    def _write(self, lead: str) -> int:
        number = self._ledger.wrote(lead, self._loop.time())
        self._gateway.lead_writes(lead, f"Oi! Pergunta #{number}: vocês atendem empresas do meu tamanho?", name="Lead")
        return number

    def _got(self, sent: Sent) -> None:
        self._last_progress = self._loop.time()
        if self._ledger.got(sent.jid, sent.text, self._last_progress) and sent.jid in self._talkative:
            # The answer of the call that brought this reply goes out first.
            self._loop.call_soon(self._write, sent.jid)

    def _run(self, first: int, before: int, began: float) -> Run:
        return Run(first, self._ledger.next_number() - 1, self._loop.time() - began, self._ledger.count - before)
