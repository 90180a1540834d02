"""Promises that are still open: while one is, the bot does not come back by itself."""

from __future__ import annotations

import pytest

from conversations.message import Author
from conversations.promises import is_open, promises
from tests.factories import message

PROMISES = """\
vou verificar
Vou verificar com o financeiro e já te falo
Deixa eu confirmar aqui
Já te retorno
te aviso assim que chegar
Só um minutinho
Aguarde, por favor
Vou te mandar a proposta ainda hoje
Amanhã te ligo
Retorno em 10 minutos
estou verificando
preciso consultar o gerente
Let me check and get back to you
""".splitlines()

PLAIN = """\
Bom dia!
O plano custa 100 reais
Combinado, obrigado
Pode me mandar o CNPJ?
Você vai receber um e-mail
Já foi enviado
Foi um prazer falar com você
Fechado então, até sexta
Vou ficar feliz em ajudar
""".splitlines()


@pytest.mark.parametrize("text", PROMISES)
def test_a_promise_is_heard(text: str) -> None:
    assert promises(text)


@pytest.mark.parametrize("text", PLAIN)
def test_what_promises_nothing_is_none(text: str) -> None:
    assert not promises(text)


def test_the_last_word_of_a_person_decides_whatever_the_lead_says_after_it() -> None:
    said = [
        message("1", Author.REP, text="Vou verificar"),
        message("2", text="ok", second=1),
    ]
    kept = [*said, message("3", Author.REP, text="Custa 100 reais", second=2)]

    assert is_open(said)
    assert not is_open(kept)
    assert not is_open([message("1", Author.BOT, text="Vou verificar"), message("2", text="vou verificar")])
