"""Two people on one conversation, and what stands beside it about the lead."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import DESK, PHONE, SOON_MS, Window, bubble, quiet
from tests.stack import Stack


def opened(stack: Stack, page: Page, lead: str) -> Page:
    page.goto(stack.page(lead))
    expect(page.locator("#live")).to_have_text("ao vivo", timeout=SOON_MS)
    return page


def test_each_sees_who_else_is_there_and_who_is_writing(stack: Stack, window: Window, lead: str) -> None:
    quiet(stack, lead, "Mirela Prado")
    anas, betos = opened(stack, window("ana"), lead), opened(stack, window("beto"), lead)

    expect(anas.locator("#colleagues")).to_contain_text("Beto também está vendo", timeout=SOON_MS)
    expect(betos.locator("#colleagues")).to_contain_text("Ana também está vendo", timeout=SOON_MS)
    betos.get_by_label("Sua resposta").press_sequentially("Olá, Ma")
    expect(anas.locator("#colleagues")).to_contain_text("Beto está escrevendo…", timeout=SOON_MS)
    expect(anas.locator("#colleagues")).to_contain_text("Beto também está vendo", timeout=SOON_MS)
    betos.goto(f"{stack.url}/")

    # A page that is left says so; where that word is lost, a colleague fades within a minute.
    expect(anas.locator("#colleagues")).not_to_contain_text("Beto", timeout=75_000)


def test_a_note_appears_at_the_other_persons_screen(stack: Stack, window: Window, lead: str) -> None:
    quiet(stack, lead, "Carla Dias")
    anas, betos = opened(stack, window("ana"), lead), opened(stack, window("beto"), lead)

    anas.get_by_label("Anotação para colegas").fill("Ligar depois das 15h")
    anas.get_by_role("button", name="Anotar").click()

    expect(betos.locator("#notes")).to_contain_text("Ligar depois das 15h", timeout=SOON_MS)
    expect(betos.locator("#notes")).to_contain_text("Ana")
    expect(betos.locator("#note-count .count")).to_have_text("1", timeout=SOON_MS)
    expect(anas.get_by_label("Anotação para colegas")).to_be_empty()

    anas.locator(".note-erase summary").click()
    anas.get_by_role("button", name="Apagar anotação").click()

    expect(betos.locator("#notes")).not_to_contain_text("Ligar", timeout=SOON_MS)
    expect(betos.locator("#note-count .count")).to_have_count(0, timeout=SOON_MS)


def test_a_note_that_is_begun_stays_while_another_is_erased(stack: Stack, window: Window, lead: str) -> None:
    quiet(stack, lead, "Nara Reis")
    page = window()
    page.goto(stack.page(lead))
    box = page.get_by_label("Anotação para colegas")
    box.fill("Ligar depois das 15h")
    page.get_by_role("button", name="Anotar").click()
    expect(page.locator("#note-said")).to_contain_text("Os colegas veem", timeout=SOON_MS)
    expect(box).to_be_empty()

    box.fill("Prefere de man")
    page.locator(".note-erase summary").click()
    page.get_by_role("button", name="Apagar anotação").click()

    expect(page.locator("#note-said")).to_contain_text("apagada", timeout=SOON_MS)
    expect(page.locator("#notes")).not_to_contain_text("Ligar")
    expect(box).to_have_value("Prefere de man")


def test_a_conversation_is_handed_to_a_colleague_wherever_they_are(stack: Stack, window: Window, lead: str) -> None:
    quiet(stack, lead, "Paula Reis")
    betos = window("beto")
    expect(betos.locator("#live")).to_have_text("ao vivo", timeout=SOON_MS)
    anas = opened(stack, window("ana"), lead)

    anas.locator("#hand-over-menu summary").click()
    anas.get_by_label("Anotação para o colega").fill("Quer fechar hoje")
    anas.locator("#hand-over-menu").get_by_role("button", name="Beto").click()

    expect(anas.locator("#control")).to_contain_text("Esta conversa está com Beto.", timeout=SOON_MS)
    toast = betos.locator("#handed .toast")
    expect(toast).to_contain_text("Ana passou Paula Reis para você", timeout=SOON_MS)
    toast.get_by_role("link", name="Abrir conversa").click()
    expect(betos.locator("#control")).to_contain_text("Esta conversa está com você.")
    expect(betos.locator("#notes")).to_contain_text("Quer fechar hoje", timeout=SOON_MS)
    expect(betos.locator("#lead-history")).to_contain_text("Ana passou para Beto")


def test_what_was_handed_over_is_told_for_a_while_and_not_where_it_is_open(
    stack: Stack, window: Window, lead: str
) -> None:
    quiet(stack, lead, "Raquel Sá")
    anas, there, elsewhere = opened(stack, window("ana"), lead), window("beto"), window("beto")
    opened(stack, there, lead)
    there.evaluate("""document.addEventListener("htmx:sseBeforeMessage", (event) => {
      if (event.target.id === "handed") setTimeout(() => (document.title = "told"), 0);
    })""")
    elsewhere.clock.install()
    elsewhere.goto(f"{stack.url}/queue/")
    expect(elsewhere.locator("#live")).to_have_text("ao vivo", timeout=SOON_MS)

    anas.locator("#hand-over-menu summary").click()
    anas.locator("#hand-over-menu").get_by_role("button", name="Beto").click()

    expect(elsewhere.locator("#handed .toast")).to_contain_text("Raquel Sá", timeout=SOON_MS)
    expect(there).to_have_title("told", timeout=SOON_MS)
    expect(there.locator("#control")).to_contain_text("Esta conversa está com você.", timeout=SOON_MS)
    assert there.locator("#handed .toast").count() == 0
    elsewhere.clock.fast_forward("01:01")
    expect(elsewhere.locator("#handed .toast")).to_have_count(0)


def test_a_word_to_a_colleague_stays_while_the_bar_is_read_again(stack: Stack, window: Window, lead: str) -> None:
    quiet(stack, lead, "Zilda Reis")
    page = opened(stack, window(), lead)
    box = page.get_by_label("Anotação para o colega")
    page.locator("#hand-over-menu summary").click()
    box.fill("Quer fechar ")
    page.keyboard.press("Home")

    with page.expect_response(lambda answer: answer.request.headers.get("hx-target") == "control"):
        page.evaluate("htmx.trigger('#refresh-control', 'over')")
    expect(page.locator(".htmx-request")).to_have_count(0)
    page.keyboard.type("Oi! ")

    expect(box).to_have_value("Oi! Quer fechar ")


def test_what_went_out_unseen_is_shown_before_one_sends(stack: Stack, window: Window, lead: str) -> None:
    quiet(stack, lead, "Davi Melo")
    anas, betos = window("ana"), window("beto")
    # Beto's screen hears nothing meanwhile.
    betos.route("**/events/**", lambda route: route.abort())
    betos.goto(stack.page(lead))
    opened(stack, anas, lead)
    anas.get_by_label("Sua resposta").fill("O preço é 100")
    anas.keyboard.press("Enter")
    expect(bubble(anas, "O preço é 100")).to_have_count(1, timeout=SOON_MS)

    betos.get_by_label("Sua resposta").fill("O preço é 120")
    betos.keyboard.press("Enter")

    expect(betos.get_by_text("Algo novo saiu enquanto você escrevia.")).to_be_visible(timeout=SOON_MS)
    expect(bubble(betos, "O preço é 100")).to_have_count(1, timeout=SOON_MS)
    expect(betos.get_by_label("Sua resposta")).to_have_value("O preço é 120")
    assert stack.texts(lead) == ["O preço é 100"]

    betos.get_by_role("button", name="Enviar mesmo assim").click()

    expect(bubble(betos, "O preço é 120")).to_have_count(1, timeout=SOON_MS)
    assert stack.texts(lead) == ["O preço é 100", "O preço é 120"]


def test_what_one_has_seen_is_no_reason_to_ask(stack: Stack, window: Window, lead: str) -> None:
    quiet(stack, lead, "Elisa Braga")
    anas, betos = opened(stack, window("ana"), lead), opened(stack, window("beto"), lead)
    anas.get_by_label("Sua resposta").fill("Bom dia")
    anas.keyboard.press("Enter")
    expect(bubble(betos, "Bom dia")).to_have_count(1, timeout=SOON_MS)

    betos.get_by_label("Sua resposta").fill("E boa semana")
    betos.keyboard.press("Enter")

    expect(betos.locator("#newer")).to_contain_text("Ana está com esta conversa.", timeout=SOON_MS)
    expect(betos.locator("#newer")).not_to_contain_text("Algo novo saiu")


def test_sending_takes_nothing_from_a_colleague_unasked(stack: Stack, window: Window, lead: str) -> None:
    quiet(stack, lead, "Gilda Nunes")
    anas, betos = opened(stack, window("ana"), lead), opened(stack, window("beto"), lead)
    hint = betos.locator("#composer-hint")
    expect(hint).to_contain_text("Enviar assume a conversa: o bot fica quieto.")
    anas.locator("#act-take-over").click()
    expect(hint).to_contain_text("Enviar assume a conversa, que está com Ana.", timeout=SOON_MS)
    box = betos.get_by_label("Sua resposta")
    betos.locator("#file").set_input_files({"name": "tabela.csv", "mimeType": "text/csv", "buffer": b"a;b"})
    box.fill("Segue a tabela")
    box.press("Enter")

    expect(betos.locator("#newer")).to_contain_text(
        "Ana está com esta conversa. Enviar assim mesmo? A conversa passa para você.", timeout=SOON_MS
    )
    expect(box).to_have_value("Segue a tabela")
    expect(betos.locator("#attached")).to_contain_text("tabela.csv")
    # Enter sends, and answers no question.
    with betos.expect_response("**/send/"):
        box.press("Enter")
    expect(betos.locator("#newer")).to_contain_text("Ana está com esta conversa.")
    expect(betos.locator(".htmx-request")).to_have_count(0)
    expect(anas.locator("#control")).to_contain_text("Esta conversa está com você.")
    assert stack.sandbox.sent(lead) == []

    betos.get_by_role("button", name="Enviar mesmo assim").click()

    expect(bubble(betos, "Segue a tabela")).to_have_count(1, timeout=SOON_MS)
    expect(betos.locator("#control")).to_contain_text("Esta conversa está com você.")
    expect(hint).not_to_contain_text("assume a conversa")
    expect(anas.locator("#composer-hint")).to_contain_text("que está com Beto", timeout=SOON_MS)
    assert [(one.type_name, one.text) for one in stack.sandbox.sent(lead)] == [("documentMessage", "Segue a tabela")]


def test_the_lead_stands_beside_the_conversation_on_a_desk(stack: Stack, window: Window, lead: str) -> None:
    quiet(stack, lead, "Fábio Luz")
    page = opened(stack, window("ana", DESK), lead)

    expect(page.locator("#lead")).to_contain_text("Fábio Luz", timeout=SOON_MS)
    expect(page.get_by_role("link", name="Abrir no WhatsApp")).to_have_attribute(
        "href", f"https://wa.me/{lead.split('@')[0]}"
    )
    page.locator("#lead-button").click()
    expect(page.locator("#lead")).to_be_hidden()
    page.reload()
    expect(page.locator("#lead")).to_be_hidden()


@pytest.mark.parametrize("size", [PHONE])
def test_the_lead_is_a_drawer_on_a_phone(stack: Stack, window: Window, lead: str, size: tuple[int, int]) -> None:
    quiet(stack, lead, "Gil Prado")
    page = opened(stack, window("ana", size), lead)
    expect(page.locator("#lead")).to_be_hidden()

    page.locator("#lead-button").click()

    expect(page.locator("#lead")).to_contain_text("Gil Prado", timeout=SOON_MS)
    expect(page.locator("#lead-close")).to_be_focused()
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    page.keyboard.press("Escape")
    expect(page.locator("#lead")).to_be_hidden()
    expect(page.locator("#lead-button")).to_be_focused()


def test_without_scripts_the_lead_has_a_page_of_its_own(stack: Stack, window: Window, lead: str) -> None:
    quiet(stack, lead, "Hugo Vaz")
    page = window(java_script_enabled=False)
    page.goto(stack.page(lead))

    page.locator("#lead-button").click()
    expect(page.get_by_role("heading", name="Sobre o lead")).to_be_visible()
    page.get_by_label("Anotação para colegas").fill("Sem scripts")
    page.get_by_role("button", name="Anotar").click()
    expect(page.locator(".note")).to_contain_text("Sem scripts")
    page.locator(".note-erase summary").click()
    page.get_by_role("button", name="Apagar anotação").click()

    expect(page.locator(".note")).to_have_count(0)
