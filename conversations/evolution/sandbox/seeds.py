"""A past for the demo: conversations that are over, so that the first screen is not empty. No webhook tells of them.

Our side of it was typed on the phone: what came through the API before our own ledger began is another integration's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from . import content as contents
from . import samples
from .content import Content
from .gateway import Sandbox
from .leads import VOICE_WORDS


@dataclass(frozen=True)
class _Said:
    """One line of the past; `minutes` is how long ago."""

    by: Literal["lead", "phone", "integration"]
    minutes: float
    what: str | Callable[[int], Content]
    #: How many lines before stands what it answers, or (`reacts`) what it reacts to.
    answers: int = 0
    reacts: int = 0


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
        ids: list[str] = []
        for said in past.lines:
            ids.append(_plant(sandbox, instance, past.name, jid, said, now - said.minutes * 60, ids))


def _plant(
    sandbox: Sandbox, instance: str | None, name: str, jid: str, said: _Said, at: float, ids: list[str]
) -> str:  # fmt: skip
    """Plant one line; gives its id. `ids` are those before it."""
    content = contents.text(said.what) if isinstance(said.what, str) else said.what(int(at))
    if said.reacts:
        key = sandbox.instance(instance).by_key_id[ids[-said.reacts]][0].key
        content = contents.reaction(dict(key), content.text, int(at * 1000))
    if said.by != "lead":
        return sandbox.was_sent(jid, content, at=at, by=said.by, instance=instance)
    quoted = ids[-said.answers] if said.answers else None
    return sandbox.lead_sends(jid, content, name=name, at=at, quoted=quoted, webhook=False, instance=instance)


def _film(at: int) -> Content:
    return samples.film(at, "olha como fica a loja por dentro")


def _photo(at: int) -> Content:
    return samples.photo(at, "essas são as prateleiras")


def _voice(at: int) -> Content:
    return samples.voice(at, VOICE_WORDS)


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
        _Said("lead", 410, samples.receipt),
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
    _Past("Lívia Rocha", "5531977020006", True, (
        _Said("lead", 1700, "Bom dia! Quero organizar o atendimento da minha loja 😊"),
        _Said("phone", 1699, "Bom dia, Lívia! *Que bom falar com você.* Para começar, me conta:\n"
              "1. quantas pessoas atendem\n2. quais os horários\n3. se já usam algum sistema"),
        _Said("lead", 1690, _voice),
        _Said("lead", 1689, _photo),
        _Said("lead", 1688.5, samples.photo),
        _Said("lead", 1688, _film),
        _Said("phone", 1680, "Ficou linda! 👏"),
        _Said("lead", 1679.5, "❤️", reacts=1),
        _Said("phone", 1678, samples.paper),
        _Said("phone", 1677.5, "> Plano _Essencial_: R$ 297 por mês\nDetalhes em https://example.com/planos"),
        _Said("lead", 1660, "Esse valor é ~por pessoa~ por loja?", answers=1),
        _Said("phone", 1655, "Por loja. O código do seu pedido é `LR-2041`."),
        _Said("lead", 1650, _shop),
        _Said("lead", 1649, samples.card),
        _Said("lead", 1648, samples.once),
        _Said("lead", 1647, samples.sticker),
        _Said("lead", 1646.5, "🎉🎉"),
        _Said("phone", 1640, "Combinado! Falo com o Paulo amanhã cedo."),
    )),
    _Past("Renato", "558577020005", False, (
        _Said("lead", 96, "oi, por enquanto a gente fica com o sistema que já usa"),
        _Said("phone", 95.6, "Tudo bem, Renato, agradeço por avisar! Se mudar de ideia, é só chamar por aqui."),
    )),
)  # fmt: skip
