"""Answers that wait for a person's yes, and whispers to the bot: two people, a lead, and a bot that asks first."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import SOON_MS, Held, Window, bubble, quiet
from tests.stack import Stack, eventually

FIRST, SECOND = "Temos dois planos para clínicas.", "O completo inclui a agenda e a nota fiscal."


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Everything, with a model that says what it is told."""
    with Stack(tmp_path_factory.mktemp("approving")) as running:
        yield running


def opened(stack: Stack, window: Window, lead: str, user: str = "ana") -> Page:
    page = window(user)
    page.goto(stack.page(lead))
    expect(page.locator("#live")).to_have_text("ao vivo", timeout=SOON_MS)
    return page


def asks_first(page: Page) -> None:
    """Choose, beside the conversation, that a person approves the bot's answers here."""
    page.get_by_label("Aprovar respostas do bot antes de enviar").select_option("on")
    words = "A partir da próxima resposta, uma pessoa aprova o que o bot diz aqui."
    expect(page.locator("#toasts")).to_contain_text(words, timeout=SOON_MS)


def lead_asks(stack: Stack, lead: str, name: str, *answer: str) -> None:
    stack.gemini.will_answer(*answer)
    stack.sandbox.lead_writes(lead, "Quais planos vocês têm?", name=name)


def test_an_answer_waits_in_sight_of_both_and_one_yes_sends_it(stack: Stack, window: Window, lead: str) -> None:
    quiet(stack, lead, "Marina Alves")
    anas, betos = opened(stack, window, lead), opened(stack, window, lead, "beto")
    asks_first(anas)

    lead_asks(stack, lead, "Marina Alves", FIRST, SECOND)

    for page in (anas, betos):
        expect(page.locator("#pending")).to_contain_text("O bot quer responder", timeout=SOON_MS)
        expect(page.locator("#pending .is-offered")).to_have_text([FIRST, SECOND])
        expect(page.locator("#list li", has_text="Marina Alves")).to_contain_text("espera aprovação", timeout=SOON_MS)
    assert stack.texts(lead) == []

    betos.locator("#scroll").focus()
    betos.keyboard.press("e")

    for page in (anas, betos):
        expect(bubble(page, SECOND)).to_have_count(1, timeout=SOON_MS)
        expect(page.locator("#offer")).to_have_count(0, timeout=SOON_MS)
        expect(page.locator("#list li", has_text="Marina Alves")).not_to_contain_text("espera", timeout=SOON_MS)
    assert stack.texts(lead)[-1] == SECOND
    assert len(stack.texts(lead)) == 2


def test_a_changed_answer_goes_out_as_changed_and_a_discarded_one_does_not(
    stack: Stack, window: Window, lead: str
) -> None:
    quiet(stack, lead, "Paula Reis")
    anas, betos = opened(stack, window, lead), opened(stack, window, lead, "beto")
    asks_first(anas)
    lead_asks(stack, lead, "Paula Reis", FIRST, SECOND)
    expect(anas.locator("#offer")).to_be_visible(timeout=SOON_MS)

    expect(anas.get_by_role("button", name="Enviar", exact=True)).to_have_count(2)
    anas.locator("#offer-edit summary").click()
    expect(anas.locator("#offer").get_by_role("button")).to_have_text(["Cancelar", "Enviar alterado"])
    anas.get_by_label("O que vai sair").fill("Nada disso")
    anas.get_by_role("button", name="Cancelar").click()
    expect(anas.locator("#offer")).to_contain_text(FIRST)
    expect(anas.locator("#offer-edit summary")).to_be_focused()
    anas.locator("#offer-edit summary").click()
    expect(anas.get_by_label("O que vai sair")).to_have_value(f"{FIRST}\n\n{SECOND}")
    anas.get_by_label("O que vai sair").fill("Temos um plano só.")
    anas.get_by_role("button", name="Enviar alterado").click()
    expect(bubble(betos, "Temos um plano só.")).to_have_count(1, timeout=SOON_MS)
    expect(bubble(betos, "Temos um plano só.").locator(".author")).to_have_text(
        "Bot · revisado por Ana", timeout=SOON_MS
    )  # fmt: skip
    expect(bubble(betos, FIRST)).to_have_count(0)

    lead_asks(stack, lead, "Paula Reis", "Custa R$ 90.")
    expect(betos.locator("#pending")).to_contain_text("Custa R$ 90.", timeout=SOON_MS)
    betos.locator("#offer-edit summary").click()
    betos.get_by_label("O que vai sair").fill("Custa R$ 80.")
    anas.get_by_role("button", name="Descartar").click()

    expect(anas.locator("#toasts")).to_contain_text("Descartada.")
    for page in (anas, betos):
        expect(page.locator("#offer")).to_have_count(0, timeout=SOON_MS)
    expect(betos.get_by_label("Sua resposta")).to_have_value("Custa R$ 80.")
    eventually(lambda: stack.is_quiet(lead))
    assert [text.split("\n")[-1] for text in stack.texts(lead)] == ["Temos um plano só."]


def test_what_is_changed_in_an_answer_goes_on_while_it_is_read_again(stack: Stack, window: Window, lead: str) -> None:
    quiet(stack, lead, "Rita Reis")
    page = opened(stack, window, lead)
    asks_first(page)
    lead_asks(stack, lead, "Rita Reis", FIRST)
    page.locator("#offer-edit summary").click()
    page.get_by_label("O que vai sair").fill("um plano só.")
    page.keyboard.press("Home")

    with page.expect_response(lambda answer: answer.request.headers.get("hx-target") == "pending"):
        page.evaluate("htmx.trigger('#refresh-pending', 'over')")
    expect(page.locator(".htmx-request, .htmx-settling")).to_have_count(0)
    page.keyboard.type("Temos ")

    expect(page.get_by_label("O que vai sair")).to_have_value("Temos um plano só.")
    expect(page.get_by_label("Sua resposta")).to_be_empty()


def test_a_whisper_is_seen_by_the_colleague_and_used_by_the_bot(stack: Stack, window: Window, lead: str) -> None:
    quiet(stack, lead, "Caio Braga")
    anas, betos = opened(stack, window, lead), opened(stack, window, lead, "beto")

    anas.locator("#scroll").focus()
    anas.keyboard.press("w")
    anas.get_by_label("Sussurrar para o bot").fill("ofereça o plano anual, sem desconto")
    anas.locator("#act-whisper").click()

    expect(betos.locator("#whispers")).to_contain_text("ofereça o plano anual", timeout=SOON_MS)
    expect(betos.locator("#whispers")).to_contain_text("vale para mais 3 respostas")
    expect(anas.locator("#whisper-form")).to_be_hidden()
    lead_asks(stack, lead, "Caio Braga", "O anual sai por R$ 900.")

    expect(bubble(betos, "O anual sai por R$ 900.")).to_have_count(1, timeout=SOON_MS)
    expect(betos.locator("#whispers")).to_contain_text("vale para mais 2 respostas", timeout=SOON_MS)
    assert "ofereça o plano anual, sem desconto" in str(stack.gemini.requests[-1].body)
    assert not any("sem desconto" in text for text in stack.texts(lead))


def test_whoever_takes_over_finds_the_waiting_answer_in_the_box(stack: Stack, window: Window, lead: str) -> None:
    quiet(stack, lead, "Davi Nunes")
    anas, betos = opened(stack, window, lead), opened(stack, window, lead, "beto")
    asks_first(anas)
    lead_asks(stack, lead, "Davi Nunes", FIRST, SECOND)
    expect(betos.locator("#offer")).to_be_visible(timeout=SOON_MS)

    anas.locator("#act-take-over").click()

    expect(anas.get_by_label("Sua resposta")).to_have_value(f"{FIRST}\n\n{SECOND}", timeout=SOON_MS)
    for page in (anas, betos):
        expect(page.locator("#offer")).to_have_count(0, timeout=SOON_MS)
    eventually(lambda: stack.is_quiet(lead))
    assert stack.texts(lead) == []


def test_a_lead_who_wants_no_messages_is_marked_everywhere(stack: Stack, window: Window, lead: str) -> None:
    quiet(stack, lead, "Elisa Rocha")
    anas, betos = opened(stack, window, lead), opened(stack, window, lead, "beto")
    expect(betos.locator(".out-note")).to_be_hidden()

    anas.locator("#opt-out-menu summary").click()
    anas.get_by_role("button", name="O lead não quer mais mensagens").click()

    expect(betos.locator(".out-note")).to_be_visible(timeout=SOON_MS)
    expect(betos.locator(".out-mark")).to_be_visible()
    expect(betos.locator("#list li", has_text="Elisa Rocha")).to_contain_text("não quer mensagens", timeout=SOON_MS)
    anas.get_by_role("button", name="Permitir mensagens").click()
    expect(betos.locator(".out-note")).to_be_hidden(timeout=SOON_MS)
    assert stack.texts(lead) == []


def opt_out(page: Page) -> None:
    page.locator("#opt-out-menu summary").click()
    page.get_by_role("button", name="O lead não quer mais mensagens").click()


def test_on_a_slow_line_the_word_about_an_act_comes_all_the_same(stack: Stack, window: Window, lead: str) -> None:
    """The page hears of the act, and reads the part anew, before the act's own answer is there."""
    quiet(stack, lead, "Otávio Reis")
    page = opened(stack, window, lead)
    act = Held(page, "**/opt-out/")

    with page.expect_response("**/lead/"):
        opt_out(page)
    act.wait()
    expect(page.locator("#toasts")).to_be_empty()
    act.let_go()

    expect(page.locator("#toasts")).to_contain_text("Anotado: o bot não escreve mais nada aqui.", timeout=SOON_MS)
    expect(page.locator("#lead-bot").get_by_role("button", name="Permitir mensagens")).to_be_visible()
    expect(page.locator(".htmx-request")).to_have_count(0)


def test_what_did_not_get_through_is_told_and_the_truth_is_shown(stack: Stack, window: Window, lead: str) -> None:
    """A colleague does the same meanwhile."""
    quiet(stack, lead, "Paula Reis")
    page, betos = opened(stack, window, lead), opened(stack, window, lead, "beto")
    held: list[Route] = []
    page.route("**/opt-out/", lambda route: held.append(route), times=1)
    opt_out(page)
    with page.expect_response("**/lead/"):
        opt_out(betos)
    while not held:
        page.wait_for_timeout(50)

    held[0].abort()

    expect(page.locator("#failure")).to_be_visible(timeout=SOON_MS)
    expect(page.locator("#lead-bot").get_by_role("button", name="Permitir mensagens")).to_be_visible(timeout=SOON_MS)


def test_a_late_answer_hides_no_colleagues_note(stack: Stack, window: Window, lead: str) -> None:
    quiet(stack, lead, "Quitéria Reis")
    page, betos = opened(stack, window, lead), opened(stack, window, lead, "beto")
    act = Held(page, "**/notes/")
    for one, text in ((page, "Prefere de manhã"), (betos, "Já é cliente")):
        one.get_by_label("Anotação para colegas").fill(text)
        one.get_by_role("button", name="Anotar").click()
    expect(betos.locator("#notes")).to_contain_text("Já é cliente", timeout=SOON_MS)
    act.wait()

    act.let_go()

    for text in ("Prefere de manhã", "Já é cliente"):
        expect(page.locator("#notes")).to_contain_text(text, timeout=SOON_MS)
