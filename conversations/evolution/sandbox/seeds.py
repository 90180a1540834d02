"""A past for the demo: conversations that are over, so that the first screen is not empty. No webhook tells of them.

Our side of it was typed on the phone: what came through the API before our own ledger began is another integration's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from . import content as contents
from .content import Content
from .gateway import Sandbox
from .qr import png


@dataclass(frozen=True)
class _Said:
    """One line of the past; `minutes` is how long ago."""

    by: Literal["lead", "phone", "integration"]
    minutes: float
    what: str | Callable[[int], Content]


@dataclass(frozen=True)
class _Past:
    name: str
    number: str
    #: Known to WhatsApp's own chat list, so that findChats knows the name as well.
    is_saved: bool
    lines: tuple[_Said, ...]


def plant(sandbox: Sandbox, instance: str | None = None) -> None:
    """Plant all of it on one instance, the first by default."""
    now = sandbox.clock()
    for past in _PASTS:
        jid = f"{past.number}@s.whatsapp.net"
        if past.is_saved:
            sandbox.chat_appears(jid, past.name, webhook=False, instance=instance)
        for said in past.lines:
            _plant(sandbox, instance, past.name, jid, said, now - said.minutes * 60)


def _plant(sandbox: Sandbox, instance: str | None, name: str, jid: str, said: _Said, at: float) -> None:
    content = contents.text(said.what) if isinstance(said.what, str) else said.what(int(at))
    if said.by == "lead":
        sandbox.lead_sends(jid, content, name=name, at=at, webhook=False, instance=instance)
    else:
        sandbox.was_sent(jid, content, at=at, by=said.by, instance=instance)


def _receipt(at: int) -> Content:
    return contents.image(_picture(), "image/png", at=at, caption="Segue o comprovante do Pix ✅")


def _picture() -> bytes:
    """A drawn receipt: bars for lines of print, a ring for the tick."""

    def is_dark(x: int, y: int) -> bool:
        in_line = y > 52 and y % 10 < 4 and 10 < x < (70 if y % 20 < 10 else 52)
        radius = (x - 40) ** 2 + (y - 26) ** 2
        return in_line or 196 < radius < 256 or (abs((x - 36) + (y - 30)) < 2 and 28 < x < 37) or x in (2, 77)

    return png([[is_dark(x, y) for x in range(80)] for y in range(110)], 4)


def _shop(at: int) -> Content:
    return contents.location(-23.5614, -46.6559, "Padaria Estrela", "Av. Paulista, 1000 - São Paulo")


_PASTS = (
    _Past("Fernanda Costa", "5511977020001", True, (
        _Said("lead", 3020, "Oi, vocês atendem empresas pequenas?"),
        _Said("phone", 3019.6, "Oi, Fernanda! Atendemos, sim. 😊"),
        _Said("phone", 3019.5, "Quantas pessoas atendem os clientes aí hoje?"),
        _Said("lead", 3012, "Somos 4"),
        _Said("phone", 3011.7, "Ótimo! Posso marcar uma conversa de 20 minutos com um especialista na quarta às 10h?"),
        _Said("lead", 3004, "Pode, sim. Obrigada!"),
        _Said("phone", 3003.6, "Combinado! Até quarta. 👋"),
        _Said("integration", 1810, "Lembrete automático: sua conversa com o nosso especialista começa em 1 hora."),
    )),
    _Past("Auto Peças Lima", "5519977020002", False, (
        _Said("lead", 1530, "Boa tarde, preciso de nota fiscal"),
        _Said("phone", 1518, "Boa tarde! Aqui é o Rafael. Me passa o CNPJ, por favor?"),
        _Said("lead", 1509, "12.345.678/0001-95"),
        _Said("phone", 1500, "Enviada no seu e-mail agora. Qualquer coisa me chame."),
        _Said("lead", 1497, "Chegou, valeu"),
        _Said("phone", 1496, "Disponha!"),
    )),
    _Past("Juliana Martins", "5521977020003", True, (
        _Said("lead", 410, _receipt),
        _Said("lead", 409.5, "Fiz o pagamento agora"),
        _Said("phone", 409, "Recebi o comprovante, Juliana. Vou pedir para alguém do financeiro confirmar."),
        _Said("phone", 395, "Confirmado, Juliana! Acesso liberado."),
    )),
    _Past("Padaria Estrela", "5511977020004", False, (
        _Said("lead", 190, "Vocês fazem visita?"),
        _Said("lead", 189.8, _shop),
        _Said("phone", 189.2, "Fazemos, sim! Vi que vocês ficam na Paulista. Qual o melhor dia da semana?"),
        _Said("lead", 171, "Sexta de manhã"),
        _Said("phone", 170.5, "Anotado: sexta de manhã. Um consultor confirma o horário por aqui."),
    )),
    _Past("Renato", "558577020005", False, (
        _Said("lead", 96, "não quero mais receber mensagem"),
        _Said("phone", 95.6, "Tudo bem, Renato. Não vamos mais escrever por aqui. Se mudar de ideia, é só chamar."),
    )),
)  # fmt: skip
