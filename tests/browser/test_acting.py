"""Acting in a conversation: two people, a lead, and a bot that types slowly enough to be stopped."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import PHONE, SOON_MS, Window, axe, bubble, hand_back, quiet
from tests.stack import Stack, eventually

FIRST, SECOND = (
    "Temos dois planos para clínicas.",
    "O completo inclui a agenda, os lembretes e a nota fiscal, tudo junto.",
)


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Everything, with a model that says what it is told and a bot that types as a person would."""
    with Stack(tmp_path_factory.mktemp("acting"), BOT_TYPING_CHARS_PER_SECOND="12") as running:
        yield running


def opened(stack: Stack, window: Window, lead: str, user: str = "ana") -> Page:
    page = window(user)
    page.goto(stack.page(lead))
    expect(page.locator("#live")).to_have_text("ao vivo", timeout=SOON_MS)
    return page


def test_a_reply_is_held_between_two_bubbles_and_the_rest_is_a_draft(stack: Stack, window: Window, lead: str) -> None:
    quiet(stack, lead, "Marina Alves")
    page = opened(stack, window, lead)
    expect(page.locator("#act-hold")).to_be_hidden()
    stack.gemini.will_answer(FIRST, SECOND)
    stack.sandbox.lead_writes(lead, "Quais planos vocês têm?", name="Marina Alves")

    expect(page.locator("#activity")).to_have_text("O bot está digitando (2 de 2)…", timeout=SOON_MS)
    page.get_by_role("button", name="Segurar").click()

    expect(page.locator("#control")).to_contain_text("Esta conversa está com você.")
    expect(page.get_by_label("Sua resposta")).to_have_value(SECOND, timeout=SOON_MS)
    page.keyboard.type("Oi!")
    expect(page.get_by_label("Sua resposta")).to_have_value("Oi!")
    expect(page.locator("#activity")).to_be_empty()
    expect(page.locator("#act-hold")).to_be_hidden()
    eventually(lambda: stack.is_quiet(lead))
    assert len(stack.texts(lead)) == 1
    assert FIRST in stack.texts(lead)[0]


def test_a_page_opened_in_the_middle_shows_the_thinking_and_whoever_holds_gets_all_of_it(
    stack: Stack, window: Window, lead: str
) -> None:
    quiet(stack, lead, "Paula Reis")
    stack.gemini.hold()
    stack.gemini.will_answer(FIRST)
    stack.sandbox.lead_writes(lead, "Oi", name="Paula Reis")
    assert stack.gemini.wait_until_held()

    page = opened(stack, window, lead)
    expect(page.locator("#activity")).to_have_text("O bot está pensando…")
    expect(page.locator(".row.is-open .row-doing")).to_have_text("pensando…")
    page.get_by_role("button", name="Segurar").click()
    expect(page.locator("#control")).to_contain_text("Esta conversa está com você.")
    expect(page.get_by_label("Sua resposta")).to_be_empty()
    stack.gemini.release()

    expect(page.get_by_label("Sua resposta")).to_have_value(re.compile(re.escape(FIRST)), timeout=SOON_MS)
    assert stack.texts(lead) == []


def test_on_a_phone_what_was_done_covers_neither_the_newest_words_nor_the_box(
    stack: Stack, window: Window, lead: str
) -> None:
    quiet(stack, lead, "Caio Dutra")
    page = window(size=PHONE)
    page.goto(stack.page(lead))
    expect(page.locator("#live")).to_have_class(re.compile("is-live"), timeout=SOON_MS)

    page.locator("#act-take-over").click()
    expect(page.locator("#toasts")).to_contain_text("A conversa é sua.")
    covers = """() => {
      const toast = document.querySelector(".toast").getBoundingClientRect();
      return [...document.querySelectorAll("li.bubble:last-of-type, #composer, #control")].map((one) => {
        const box = one.getBoundingClientRect();
        return box.top < toast.bottom - 1 && toast.top < box.bottom - 1;
      });
    }"""
    assert not any(page.evaluate(covers))
    page.get_by_label("Sua resposta").fill("Oi, Caio")
    page.locator(".send").click()

    expect(bubble(page, "Oi, Caio")).to_be_visible()
    expect(page.locator(".toast")).to_have_count(0)


def test_a_pause_is_undone_and_another_counts_down(stack: Stack, window: Window, lead: str) -> None:
    quiet(stack, lead, "Davi Melo")
    page = window()
    page.clock.install()
    page.goto(stack.page(lead))
    expect(page.locator("#live")).to_have_text("ao vivo", timeout=SOON_MS)

    page.locator("#pause-menu summary").click()
    page.get_by_role("button", name="30 minutos").click()
    expect(page.locator("#control")).to_contain_text(re.compile(r"Volta em (30|29) min"))
    expect(page.locator("#control")).to_contain_text(re.compile(r"Ana pausou às \d\d:\d\d"))
    page.get_by_role("button", name="Desfazer").click()

    expect(page.locator("#control")).to_contain_text("Quem responde aqui é o bot.")
    expect(page.locator("#toasts")).to_have_text("Desfeito.")
    assert stack.query("SELECT act FROM conversations_auditentry WHERE conversation = ? ORDER BY id", lead) == [
        ("pause",), ("undo",),
    ]  # fmt: skip

    page.locator("#pause-menu summary").click()
    page.get_by_role("button", name="30 minutos").click()
    expect(page.get_by_role("button", name="Desfazer")).to_be_visible()
    page.clock.fast_forward("10:00")
    expect(page.locator("[data-countdown]")).to_have_text(re.compile("(20|19) min"))
    expect(page.get_by_role("button", name="Desfazer")).to_have_count(0)


def test_taking_from_a_colleague_asks_and_the_colleague_sees_it(stack: Stack, window: Window, lead: str) -> None:
    quiet(stack, lead, "Carla Dias")
    anas, betos = opened(stack, window, lead), opened(stack, window, lead, "beto")
    anas.locator("#act-take-over").click()
    expect(betos.locator("#control")).to_contain_text("Esta conversa está com Ana.", timeout=SOON_MS)

    expect(anas.locator(".toast")).to_contain_text("A conversa é sua.")
    anas.locator(".toast").hover()
    betos.locator("#act-take-over").click()
    expect(betos.get_by_text("Ana está com esta conversa. Assumir mesmo assim?")).to_be_visible()
    betos.get_by_role("button", name="Assumir mesmo assim").click()

    expect(betos.locator("#control")).to_contain_text("Esta conversa está com você.")
    expect(anas.locator("#control")).to_contain_text(
        re.compile(r"Beto assumiu às \d\d:\d\d esta conversa, que estava com você"), timeout=SOON_MS
    )
    # What can no longer be undone is not offered, also where nothing goes by itself.
    expect(anas.locator(".toast")).to_have_count(0)


def test_a_hand_back_with_a_word_lets_the_bot_answer_who_waits_and_it_has_read_it(
    stack: Stack, window: Window, lead: str
) -> None:
    quiet(stack, lead, "Elisa Braga")
    page = opened(stack, window, lead)
    page.locator("#act-take-over").click()
    expect(page.locator("#control")).to_contain_text("Esta conversa está com você.")
    stack.sandbox.lead_writes(lead, "E o contrato?", name="Elisa Braga")
    expect(bubble(page, "E o contrato?")).to_be_visible(timeout=SOON_MS)
    stack.gemini.will_answer("O contrato chega na sexta.")

    hand_back(page, "proposta até sexta")

    expect(page.locator("#toasts")).to_contain_text("Devolvida com a sua nota.")
    expect(bubble(page, "O contrato chega na sexta.")).to_have_count(1, timeout=SOON_MS)
    assert "proposta até sexta" in str(stack.gemini.requests[-1].body)


def test_a_greeting_of_whatsapp_business_is_told_once_and_never_takes_over_again(
    stack: Stack, window: Window, lead: str
) -> None:
    quiet(stack, lead, "Noel Prates")
    page = window()
    page.goto(stack.page(lead))
    stack.sandbox.phone_types(lead, "Olá! Em breve alguém responde por aqui.")
    expect(page.locator("#control-who")).to_contain_text("Alguém está respondendo pelo celular.", timeout=SOON_MS)

    bubble(page, "Em breve alguém").hover()
    bubble(page, "Em breve alguém").get_by_role("link", name="É automática").click()
    dialog = page.get_by_role("dialog", name="O WhatsApp envia esta mensagem sozinho?")
    expect(dialog).to_be_visible()
    assert axe(page) == []
    dialog.get_by_role("button", name="É automática").click()

    expect(dialog).to_be_hidden()
    expect(page.locator("#toasts")).to_contain_text("O bot voltou a responder aqui.")
    expect(page.locator("#control-who")).to_contain_text("Quem responde aqui é o bot.")
    expect(page.locator("#control-who")).to_be_focused()
    stack.gemini.will_answer("A limpeza sai por R$ 200.")
    at = stack.sandbox.clock()
    stack.sandbox.lead_writes(lead, "Quanto custa uma limpeza?", name="Noel Prates", at=at)
    # The greeting follows what the lead wrote; webhooks that are sent at once may come in either order.
    expect(bubble(page, "Quanto custa uma limpeza?")).to_be_visible(timeout=SOON_MS)
    stack.sandbox.phone_types(lead, "Olá! Em breve alguém responde por aqui.", at=at)
    expect(bubble(page, "A limpeza sai por R$ 200.")).to_be_visible(timeout=SOON_MS)
    expect(page.locator("#control-who")).to_contain_text("Quem responde aqui é o bot.")


def test_the_switch_asks_and_while_it_is_off_every_screen_says_so(stack: Stack, window: Window, lead: str) -> None:
    quiet(stack, lead, "Fábio Luz")
    anas, betos = opened(stack, window, lead), opened(stack, window, lead, "beto")

    anas.locator("#switch summary").click()
    anas.get_by_role("button", name="Desligar: Tudo").click()
    expect(anas.get_by_role("dialog")).to_contain_text("Desligar o bot em todos os números?")
    anas.get_by_role("button", name="Cancelar").click()
    expect(anas.get_by_role("dialog")).to_have_count(0)
    anas.locator("#switch summary").click()
    anas.get_by_role("button", name="Desligar: Tudo").click()
    anas.get_by_role("dialog").get_by_role("button", name="Desligar").click()

    expect(betos.locator("#notices")).to_contain_text("O bot está desligado", timeout=SOON_MS)
    expect(betos.locator("#notices")).to_contain_text("por Ana")
    expect(betos.locator("#control")).to_contain_text("O bot está desligado.", timeout=SOON_MS)
    # The switch counts in whole seconds: what was written in the second it was thrown would be new.
    stack.sandbox.lead_writes(lead, "Alguém aí?", name="Fábio Luz", at=stack.sandbox.clock() - 5)
    expect(bubble(betos, "Alguém aí?")).to_be_visible(timeout=SOON_MS)
    betos.locator("#notices").get_by_role("button", name="Ligar…").click()
    expect(betos.get_by_role("dialog")).to_contain_text(re.compile("Responder o lead que espera|Responder os"))
    betos.get_by_role("button", name="Não, só as novas").click()

    expect(betos.locator("#notices")).not_to_contain_text("desligado")
    expect(anas.locator("#notices")).not_to_contain_text("desligado", timeout=SOON_MS)
    # Somebody only the sweep can find: once they are answered, it has looked at everybody who waits.
    stack.gemini.will_answer("Bom dia!")
    newer = lead.replace("5511987", "5511986")
    stack.sandbox.lead_writes(newer, "Bom dia", name="Nova Lead", webhook=False)
    eventually(lambda: stack.texts(newer))
    assert stack.texts(lead) == []
    assert not [one for one in stack.gemini.requests if "Alguém aí?" in str(one.body)]


def test_what_the_switch_asks_stays_while_another_is_thrown(stack: Stack, window: Window, lead: str) -> None:
    quiet(stack, lead, "Hana Luz")
    anas, betos = opened(stack, window, lead), opened(stack, window, lead, "beto")
    anas.locator("#switch summary").click()
    anas.get_by_role("button", name="Desligar: Tudo").click()
    question = anas.get_by_role("dialog", name="Desligar o bot em todos os números?")
    expect(question).to_be_visible()

    betos.locator("#switch summary").click()
    betos.get_by_role("button", name="Desligar: Tudo").click()
    betos.get_by_role("dialog").get_by_role("button", name="Desligar").click()

    expect(anas.locator("#notices")).to_contain_text("O bot está desligado", timeout=SOON_MS)
    expect(question).to_be_visible()
    question.get_by_role("button", name="Cancelar").click()
    expect(question).to_have_count(0)
    expect(anas.locator("#switch-title-0")).to_contain_text("Ligar o bot", timeout=SOON_MS)
    anas.locator("#notices").get_by_role("button", name="Ligar…").click()
    anas.get_by_role("dialog").get_by_role("button", name=re.compile("Ligar|Não, só as novas")).first.click()
    expect(anas.locator("#notices")).not_to_contain_text("desligado")


def test_without_scripts_all_of_it_works_by_forms(stack: Stack, window: Window, lead: str) -> None:
    quiet(stack, lead, "Gil Prado")
    page = window(java_script_enabled=False)
    page.goto(stack.page(lead))

    page.locator("#pause-menu summary").click()
    page.get_by_role("button", name="1 hora").click()
    expect(page.locator("#control")).to_contain_text("Pausada.")
    page.get_by_role("button", name="Desfazer").click()
    expect(page.locator("#control")).to_contain_text("Quem responde aqui é o bot.")
    page.locator("#act-take-over").click()
    expect(page.locator("#control")).to_contain_text("Esta conversa está com você.")
    hand_back(page, "proposta até sexta")
    expect(page.locator("#control")).to_contain_text("Quem responde aqui é o bot.")
    page.locator("#switch summary").click()
    page.get_by_role("button", name="Desligar: Tudo").click()
    expect(page.get_by_role("heading", name="Desligar o bot em todos os números?")).to_be_visible()
    page.get_by_role("link", name="Cancelar").click()
    expect(page).to_have_url(f"{stack.url}/")
