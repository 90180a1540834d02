"""Scripted leads: they write, wait for the answer, and write their next line, so that the demo is alive.

Each script is bounded: after its last line the lead is quiet, until somebody starts it again.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from . import content as contents
from .gateway import Sandbox
from .words import JSONDict
from .world import Sent

#: Our own words, spoken by a speech synthesiser; the sandbox tells them as a gateway that transcribes does.
VOICE_NOTE = Path(__file__).parent / "page" / "voice.ogg"
VOICE_SECONDS = 9
VOICE_WORDS = (
    "Oi! Aqui na loja somos 4 pessoas no atendimento, de segunda a sábado. A gente perde muita mensagem no WhatsApp e "
    "queria organizar isso."
)


@dataclass(frozen=True)
class Line:
    """One bubble of a lead. `voice` is the recorded one, with what it says as `text`.

    `gap` is the pause before it within a burst, in seconds.
    """

    text: str = ""
    voice: bool = False
    gap: float = 1.6


#: One turn of a lead: the bubbles written before the next answer is awaited.
Turn = Sequence[Line]


@dataclass(frozen=True)
class Script:
    """One lead: who, and what is said turn by turn."""

    id: str
    name: str
    number: str
    #: What the page says about this lead.
    about: str
    turns: Sequence[Turn]
    #: Seconds after the start at which the first turn comes.
    begins_after: float
    #: Seconds from the last bubble of an answer to the lead's next turn.
    thinks_for: float = 4.0

    @property
    def jid(self) -> str:
        """Where this lead writes from."""
        return f"{self.number}@s.whatsapp.net"


def _say(*texts: str) -> Turn:
    return tuple(Line(text) for text in texts)


SCRIPTS: tuple[Script, ...] = (
    Script(
        "marina", "Marina Alves", "5511988010001", "Interessada: conta o que precisa e quer marcar", (
            _say("Oi! Vi o anúncio de vocês e fiquei interessada 😊"),
            _say("Tenho uma clínica com 6 dentistas, hoje a gente perde muito contato no WhatsApp"),
            _say("Sou eu mesma que decido. Queria resolver ainda este mês"),
            _say("Perfeito! Pode ser quinta às 15h?"),
            _say("Combinado, obrigada!"),
        ), begins_after=3,
    ),
    Script(
        "tiago", "Tiago Rocha", "5521988010002", "Só quer saber o preço", (
            _say("Quanto custa?"),
            _say("Mas quanto é por mês?"),
            _say("Não quero reunião, só o valor"),
            _say("Beleza, e tem desconto no plano anual?"),
        ), begins_after=9, thinks_for=3,
    ),
    Script(
        "dona-celia", "Célia Prado", "553188010003", "Manda áudio", (
            (Line(VOICE_WORDS, voice=True),),
            _say("Desculpa mandar áudio, é que estou dirigindo"),
            _say("Isso mesmo. Amanhã de manhã eu consigo falar"),
        ), begins_after=16, thinks_for=5,
    ),
    Script(
        "roberto", "Roberto Nunes", "554188010004", "Está irritado", (
            _say("Já é a TERCEIRA vez que mando mensagem e ninguém resolve nada"),
            _say("Vocês só me enrolam. Quero uma solução hoje"),
            _say("Tá. O contrato está no nome da Nunes Transportes"),
        ), begins_after=24,
    ),
    Script(
        "patricia", "Patrícia Gomes", "555188010005", "Pede para falar com uma pessoa", (
            _say("Boa tarde, tudo bem?"),
            _say("Prefiro falar com uma pessoa, pode ser?"),
            _say("Obrigada, fico no aguardo"),
        ), begins_after=31,
    ),
    Script(
        "lucas", "Lucas 🚀", "556188010006", "Escreve em rajadas", (
            _say("opa", "tudo bom?", "entao", "voces integram com o Pipedrive?"),
            _say("massa", "e com planilha do google?"),
            _say("fechou", "somos em 12 vendedores", "da pra testar antes?"),
        ), begins_after=39, thinks_for=3,
    ),
)  # fmt: skip


@dataclass
class _Role:
    """Where one lead is in the script."""

    script: Script
    #: The next turn; past the end: quiet.
    turn: int = 0
    #: Grows with every start and every answer: work planned before that is dropped.
    token: int = 0
    running: bool = False
    waiting: bool = field(default=False)


class Cast:
    """Plays the scripts on one instance of a sandbox. Safe between threads."""

    def __init__(
        self, sandbox: Sandbox, *, instance: str | None = None, scripts: Sequence[Script] = SCRIPTS, pace: float = 1.0
    ) -> None:
        """`pace` multiplies every pause: 0 plays at once."""
        self._sandbox = sandbox
        self._instance = sandbox.instance(instance).name
        self._pace = pace
        self._roles = {script.id: _Role(script) for script in scripts}
        self._chance = random.Random(7)
        sandbox.on_sent(self._answered)

    def start(self, lead: str | None = None) -> list[str]:
        """Begin one script anew, or all of them, staggered. Raises KeyError for a lead that is not in the cast."""
        roles = [self._roles[lead]] if lead else list(self._roles.values())
        for role in roles:
            with self._sandbox.lock:
                role.turn, role.running, role.waiting, role.token = 0, True, False, role.token + 1
                token = role.token
            self._later(0.5 if lead else role.script.begins_after, self._turn_of(role, token))
        return [role.script.id for role in roles]

    def as_json(self) -> list[JSONDict]:
        """The cast, for the page."""
        return [
            {
                "id": role.script.id, "name": role.script.name, "about": role.script.about, "jid": role.script.jid,
                "instance": self._instance, "running": role.running,
            }
            for role in self._roles.values()
        ]  # fmt: skip

    def _answered(self, sent: Sent) -> None:
        """Something reached a lead: after a while without more of it, the next turn comes."""
        role = next((role for role in self._roles.values() if role.script.jid == sent.jid), None)
        if role is None or sent.instance != self._instance:
            return
        with self._sandbox.lock:
            if not (role.running and role.waiting):
                return
            role.token += 1
            token = role.token
        self._later(role.script.thinks_for * self._chance.uniform(0.8, 1.4), self._turn_of(role, token))

    def _turn_of(self, role: _Role, token: int) -> Callable[[], None]:
        return lambda: self._play(role, token)

    def _play(self, role: _Role, token: int) -> None:
        with self._sandbox.lock:
            if role.token != token or not role.running:
                return
            turn = role.script.turns[role.turn]
            role.turn, role.waiting = role.turn + 1, False
            is_last = role.turn == len(role.script.turns)
        self._write(role, token, list(turn), is_last=is_last)

    def _write(self, role: _Role, token: int, lines: list[Line], *, is_last: bool) -> None:
        """Show typing, then the first of `lines`, then the rest."""
        if role.token != token:
            return
        line, rest = lines[0], lines[1:]
        jid = role.script.jid
        self._sandbox.lead_types(jid, "recording" if line.voice else "composing", instance=self._instance)

        def speak() -> None:
            if role.token != token:
                return
            self._say(role.script, line)
            if rest:
                self._later(rest[0].gap, lambda: self._write(role, token, rest, is_last=is_last))
            else:
                role.waiting, role.running = not is_last, not is_last

        self._later(0.4 + len(line.text) * 0.02, speak)

    def _say(self, script: Script, line: Line) -> None:
        if line.voice:
            content = contents.audio(
                VOICE_NOTE.read_bytes(), "audio/ogg; codecs=opus", VOICE_SECONDS, at=int(self._sandbox.clock()),
                words=line.text,
            )  # fmt: skip
        else:
            content = contents.text(line.text)
        self._sandbox.lead_sends(script.jid, content, name=script.name, instance=self._instance)

    def _later(self, seconds: float, work: Callable[[], None]) -> None:
        self._sandbox.agenda.after(seconds * self._pace, work)
