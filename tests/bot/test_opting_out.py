"""Who asks to be left alone: three outcomes, and the sentences that were taken for it wrongly elsewhere."""

from __future__ import annotations

import pytest

from bot.opting_out import Wish, judge, judge_text
from tests.factories import message

SURE = """\
parar
PARAR
Pare!
sair
Sair por favor
stop
STOP
descadastrar
quero sair
não quero mais mensagens
Não quero mais receber mensagens
nao quero receber msg
Pare de me mandar mensagem
parem de mandar mensagens
Para de me mandar mensagem por favor
não me mande mais mensagens
não me manda mais msg
não me envie mais nada
Me tira dessa lista
me remova da lista
Tirem meu número do cadastro
não me chame mais no whatsapp
me deixa em paz
não entre mais em contato
quero sair da lista
Please stop texting me
unsubscribe
""".splitlines()

MAYBE = """\
cancelar
Quero cancelar
remover por favor
isso é spam?
vou denunciar esse número
Quem passou meu contato pra vocês?
como conseguiu meu número
não tenho interesse
Sem interesse, obrigado
vou bloquear
que chato isso
não me mande mensagem agora
Você quer que eu pare de receber mensagens?
olha, eu já falei com a outra moça e expliquei, então por favor não me mande mais mensagens sobre o que já resolvi
""".splitlines()

NO = """\
Oi
Quanto custa?
quero parar de perder clientes
não me mande mais boletos
Pare de mandar cobrança
não quero mais o pedido
quero cancelar meu pedido
cancelar a assinatura
como faço para cancelar o plano?
não precisa mandar o catálogo
não me mande áudio, estou no trabalho
não quero mais receber a fatura por e-mail
saí agora, já volto
vou sair mais cedo hoje
pode parar o carro?
a loja vai sair do shopping?
não quero o azul, quero o verde
Não, obrigado
chega quando?
me tira uma dúvida
me tira uma foto do produto
para mim está bom
Parabéns!
para sair hoje, até que horas?
stop motion vocês fazem?
Não recebi mensagem nenhuma
quero receber mensagens
deixa comigo que eu mando a mensagem
apague a luz
não mandei mensagem ainda
não quero parar
pode me mandar mensagem sim
não me mande mensagem agora, estou em reunião
""".splitlines()


@pytest.mark.parametrize("text", SURE)
def test_a_plain_wish_to_be_left_alone_is_sure(text: str) -> None:
    assert judge_text(text) is Wish.SURE


@pytest.mark.parametrize("text", MAYBE)
def test_what_only_smells_of_it_is_for_a_person(text: str) -> None:
    assert judge_text(text) is Wish.MAYBE


@pytest.mark.parametrize("text", NO)
def test_business_and_ordinary_talk_is_no_such_wish(text: str) -> None:
    assert judge_text(text) is Wish.NO


def test_of_several_messages_the_strongest_counts() -> None:
    said = [message("1", text="Quanto custa?"), message("2", text="parar"), message("3", text="isso é spam")]

    assert judge(said) is Wish.SURE
    assert judge(said[:1]) is Wish.NO
    assert judge(said[::2]) is Wish.MAYBE
