"""Answering in a real browser: files, voice notes, quick answers, replies, edits, and what did not go out."""

from __future__ import annotations

import base64
import re
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from conversations.attachments import LARGEST_FILE
from conversations.evolution.sandbox import Failure
from tests.browser.conftest import DESK, PHONE, SOON_MS, Held, Window, bubble, quiet, violations
from tests.stack import Stack

PICTURE = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAACAAAAAgCAIAAAD8GO2jAAAAKUlEQVR4nO3NsQkAAAzDsPz/c6FPJJvAs5VLpm3vAAAAAAAAAAAAoNgDp+T0Ltwd/VwA"
    "AAAASUVORK5CYII="
)
#: On the recorder's clock, or a little more: a busy machine may miss it.
ONE_SECOND = re.compile("^0:0[1-9]$")
_HOLDER = """([data, name, type]) => {
  const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
  const holder = new DataTransfer();
  holder.items.add(new File([bytes], name, { type }));
  return holder;
}"""


def _holder(page: Page, data: bytes = PICTURE, name: str = "fachada.png", type: str = "image/png") -> Any:
    return page.evaluate_handle(_HOLDER, [base64.b64encode(data).decode(), name, type])


def _opened(stack: Stack, window: Window, lead: str, name: str) -> Page:
    quiet(stack, lead, name)
    page = window()
    page.goto(stack.page(lead))
    expect(page.locator("#live")).to_have_text("ao vivo", timeout=SOON_MS)
    return page


def _box(page: Page) -> Any:
    return page.get_by_label("Sua resposta")


def test_a_picture_dropped_on_the_conversation_is_shown_and_goes_out_with_its_words(
    stack: Stack, window: Window, lead: str
) -> None:
    page = _opened(stack, window, lead, "Alda Reis")

    page.locator("#scroll").dispatch_event("drop", {"dataTransfer": _holder(page)})
    expect(page.locator("#attached")).to_contain_text("fachada.png")
    expect(page.locator(".attached-picture")).to_be_visible()
    page.get_by_role("button", name="Remover o arquivo").click()
    expect(page.locator("#attached")).to_be_hidden()
    _box(page).evaluate(
        "(box, holder) => box.dispatchEvent(new ClipboardEvent('paste', {clipboardData: holder, bubbles: true}))",
        _holder(page),
    )
    _box(page).fill("A nossa fachada")
    page.keyboard.press("Enter")

    expect(bubble(page, "A nossa fachada")).to_have_count(1, timeout=SOON_MS)
    expect(page.locator("#attached")).to_be_hidden()
    expect(_box(page)).to_be_empty()
    expect(_box(page)).to_be_focused()
    [sent] = stack.sandbox.sent(lead, by="api")
    assert sent.text == "A nossa fachada"


def test_a_voice_note_is_recorded_listened_to_and_sent(stack: Stack, window: Window, lead: str) -> None:
    quiet(stack, lead, "Bento Luz")
    page = window(permissions=["microphone"])
    page.goto(stack.page(lead))

    page.get_by_role("button", name="Gravar mensagem de voz").click()
    expect(page.locator(".recorder-time")).to_have_text(ONE_SECOND, timeout=SOON_MS)
    page.get_by_role("button", name="Descartar").click()
    expect(page.locator("#recorder")).to_be_hidden()
    page.get_by_role("button", name="Gravar mensagem de voz").click()
    expect(page.locator(".recorder-time")).to_have_text(ONE_SECOND, timeout=SOON_MS)
    page.get_by_role("button", name="Parar").click()
    expect(page.locator("#recorder audio")).to_be_visible()
    page.get_by_role("button", name="Enviar").click()

    expect(page.locator("li.bubble.by-rep .player")).to_have_count(1, timeout=SOON_MS)
    expect(page.locator("#recorder")).to_be_hidden()
    [sent] = stack.sandbox.sent(lead, by="api")
    assert sent.type_name == "audioMessage"


def test_a_quick_answer_comes_by_a_slash(stack: Stack, window: Window, lead: str) -> None:
    stack.query("DELETE FROM conversations_quickanswer")
    for shortcut, text in (("ola", "Oi, {nome}! Aqui é {vendedor}."), ("preco", "Segue a tabela de preços.")):
        stack.query("INSERT INTO conversations_quickanswer (shortcut, text) VALUES (?, ?)", shortcut, text)
    page = _opened(stack, window, lead, "Caio Prado")

    _box(page).press_sequentially("/")
    expect(page.locator("#quick").get_by_role("option")).to_have_count(2)
    _box(page).press_sequentially("ol")
    expect(page.locator("#quick").get_by_role("option")).to_have_count(1)
    page.keyboard.press("Enter")

    expect(_box(page)).to_have_value("Oi, Caio! Aqui é Ana.")
    page.keyboard.press("Enter")
    expect(bubble(page, "Oi, Caio! Aqui é Ana.")).to_have_count(1, timeout=SOON_MS)


def test_a_slash_says_that_there_are_no_quick_answers(stack: Stack, window: Window, lead: str) -> None:
    stack.query("DELETE FROM conversations_quickanswer")
    page = _opened(stack, window, lead, "Nina Prado")

    _box(page).press_sequentially("/")
    expect(page.locator("#quick-none")).to_contain_text("Ainda não há respostas rápidas.")
    _box(page).press_sequentially("x")
    expect(page.locator("#quick-none")).to_be_hidden()


def test_a_reply_quotes_and_the_quote_can_be_taken_away(stack: Stack, window: Window, lead: str) -> None:
    page = _opened(stack, window, lead, "Dora Melo")
    _box(page).fill("De nada")

    bubble(page, "obrigada").hover()
    bubble(page, "obrigada").get_by_role("link", name="Responder").click()
    expect(page.locator(".above.is-quote")).to_contain_text("obrigada")
    expect(_box(page)).to_have_value("De nada")
    page.get_by_role("link", name="Responder sem citar").click()
    expect(page.locator(".above.is-quote")).to_have_count(0)
    bubble(page, "obrigada").get_by_role("link", name="Responder").click()
    expect(page.locator(".above.is-quote")).to_be_visible()
    _box(page).press("Enter")

    answered = page.locator("li.bubble.by-rep")
    expect(answered).to_have_count(1, timeout=SOON_MS)
    expect(answered.locator(".quote-text")).to_have_text("obrigada")
    expect(page.locator(".above.is-quote")).to_have_count(0)


def test_ones_own_message_is_changed_and_taken_back_for_everyone(stack: Stack, window: Window, lead: str) -> None:
    page, betos = _opened(stack, window, lead, "Elza Dias"), window("beto")
    betos.goto(stack.page(lead))
    expect(betos.locator("#live")).to_have_text("ao vivo", timeout=SOON_MS)
    _box(page).fill("Segue o orçameto")
    page.keyboard.press("Enter")
    mine = page.locator("li.bubble.by-rep")
    expect(mine).to_have_count(1, timeout=SOON_MS)
    expect(betos.locator("li.bubble.by-rep")).to_be_visible(timeout=SOON_MS)
    expect(betos.locator("li.bubble.by-rep").get_by_role("link", name="Editar")).to_have_count(0)

    mine.hover()
    mine.get_by_role("link", name="Editar").click()
    expect(page.get_by_label("Novo texto")).to_have_value("Segue o orçameto")
    page.get_by_label("Novo texto").fill("Segue o orçamento")
    page.keyboard.press("Enter")
    expect(mine).to_contain_text("Segue o orçamento", timeout=SOON_MS)
    expect(betos.locator("li.bubble.by-rep")).to_contain_text("Segue o orçamento", timeout=SOON_MS)
    expect(_box(page)).to_be_empty()

    mine.hover()
    mine.get_by_role("link", name="Apagar para todos").click()
    expect(page.get_by_role("dialog", name="Apagar para todos?")).to_be_visible()
    page.get_by_role("button", name="Apagar", exact=True).click()
    for one in (page, betos):
        expect(one.locator("li.bubble.by-rep")).to_contain_text("Mensagem apagada", timeout=SOON_MS)
        expect(one.get_by_text("Segue o orçamento")).to_have_count(0)


def test_what_is_said_of_a_file_goes_with_the_file(stack: Stack, window: Window, lead: str) -> None:
    page = _opened(stack, window, lead, "Emília Dias")
    page.get_by_label("Anexar arquivo").set_input_files(
        {"name": "proposta.pdf", "mimeType": "application/pdf", "buffer": b""}
    )
    expect(page.locator(".attached-size")).to_have_text("0 kB")
    page.get_by_role("button", name="Enviar").click()
    expect(page.get_by_role("alert").filter(has_text="Este arquivo está vazio")).to_be_visible(timeout=SOON_MS)

    page.get_by_role("button", name="Remover o arquivo").click()

    expect(page.get_by_text("Este arquivo está vazio")).to_have_count(0)


def test_a_file_that_did_not_go_out_is_offered_again_and_goes_out_once(stack: Stack, window: Window, lead: str) -> None:
    page = _opened(stack, window, lead, "Fred Nunes")
    stack.sandbox.failures.add(Failure("/message/sendMedia", "refuse", status=403))
    page.get_by_label("Anexar arquivo").set_input_files(
        {"name": "proposta.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.4 proposta"}
    )
    _box(page).fill("A proposta")

    page.get_by_role("button", name="Enviar").click()
    expect(page.get_by_role("alert").filter(has_text="Não foi enviada.")).to_be_visible(timeout=SOON_MS)
    expect(_box(page)).to_have_value("A proposta")
    expect(page.locator("#attached")).to_contain_text("proposta.pdf")
    page.get_by_role("button", name="Enviar").click()

    expect(bubble(page, "A proposta")).to_have_count(1, timeout=SOON_MS)
    assert [sent.text for sent in stack.sandbox.sent(lead, by="api")] == ["A proposta"]


def test_an_emoji_is_found_by_its_name(stack: Stack, window: Window, lead: str) -> None:
    page = _opened(stack, window, lead, "Gina Paz")
    _box(page).fill("Fechado ")

    page.get_by_role("button", name="Emoji").click()
    page.get_by_label("Buscar emoji").fill("foguete")
    page.keyboard.press("Enter")

    expect(_box(page)).to_have_value("Fechado 🚀")
    expect(_box(page)).to_be_focused()
    page.get_by_role("button", name="Emoji").click()
    expect(page.locator(".emoji-one").first).to_have_text("🚀")


@pytest.mark.parametrize(("language", "typed", "name"), [("pt-br", "oculos", "óculos escuros"),
                                                         ("pt-br", "SUNGL", "óculos escuros"),
                                                         ("en", "óculos esc", "sunglasses")])  # fmt: skip
def test_an_emoji_is_called_by_its_name_in_the_language_of_the_page(
    stack: Stack, window: Window, lead: str, language: str, typed: str, name: str
) -> None:
    quiet(stack, lead, "Gil Paz")
    page = window()
    page.context.add_cookies([{"name": "django_language", "value": language, "url": stack.url}])
    page.goto(stack.page(lead))

    page.locator("#emoji-button").click()
    page.locator("#emoji-search").fill(typed)

    expect(page.get_by_role("button", name=name, exact=True)).to_have_text("😎")
    expect(page.locator(".emoji-one")).to_have_count(1)
    expect(page.locator(".emoji-one")).to_have_attribute("title", name)


@pytest.mark.parametrize("size", [DESK, PHONE])
def test_axe_finds_nothing_while_one_answers(stack: Stack, window: Window, lead: str, size: tuple[int, int]) -> None:
    stack.query("DELETE FROM conversations_quickanswer")
    stack.query("INSERT INTO conversations_quickanswer (shortcut, text) VALUES ('ola', 'Oi, {nome}!')")
    quiet(stack, lead, "Iara Lins")
    page = window("ana", size, permissions=["microphone"])
    page.goto(stack.page(lead))
    found = {}
    _box(page).fill("Oi")
    page.keyboard.press("Enter")
    expect(page.locator("li.bubble.by-rep")).to_have_count(1, timeout=SOON_MS)
    page.get_by_label("Anexar arquivo").set_input_files({"name": "a.png", "mimeType": "image/png", "buffer": PICTURE})
    page.locator("li.bubble.by-lead").hover()
    page.locator("li.bubble.by-lead").get_by_role("link", name="Responder").click()
    expect(page.locator(".above.is-quote")).to_be_visible()
    found["reply with a file"] = violations(page)
    page.get_by_role("button", name="Remover o arquivo").click()
    _box(page).fill("/")
    expect(page.locator("#quick").get_by_role("option")).to_have_count(1)
    found["quick answers"] = violations(page)
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Emoji").click()
    found["emoji"] = violations(page)
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Gravar mensagem de voz").click()
    expect(page.locator(".recorder-time")).to_have_text(ONE_SECOND, timeout=SOON_MS)
    found["recording"] = violations(page)
    page.get_by_role("button", name="Descartar").click()
    page.locator("li.bubble.by-rep").hover()
    page.locator("li.bubble.by-rep").get_by_role("link", name="Apagar para todos").click()
    expect(page.get_by_role("dialog", name="Apagar para todos?")).to_be_visible()
    found["delete"] = violations(page)
    page.get_by_role("link", name="Manter").click()
    page.goto(f"{stack.url}/new/")
    found["new"] = violations(page)

    assert found == dict.fromkeys(found, [])


def test_a_number_is_written_to_first(stack: Stack, window: Window) -> None:
    page = window()

    page.get_by_role("link", name="Nova conversa").click()
    page.get_by_label("Número de WhatsApp").fill("(11) 90000-0000")
    page.get_by_role("button", name="Abrir a conversa").click()
    expect(page.get_by_role("alert")).to_contain_text("não tem WhatsApp")
    page.get_by_label("Número de WhatsApp").fill("(11) 97777-1234")
    page.get_by_role("button", name="Abrir a conversa").click()
    _box(page).fill("Oi, você pediu contato pelo site")
    page.keyboard.press("Enter")

    expect(bubble(page, "Oi, você pediu contato pelo site")).to_have_count(1, timeout=SOON_MS)
    expect(page.locator("#control")).to_contain_text("Esta conversa está com você.")
    assert "97777" not in page.url


def test_without_scripts_a_file_goes_out_and_a_reply_quotes(stack: Stack, window: Window, lead: str) -> None:
    quiet(stack, lead, "Hélio Sá")
    page = window(java_script_enabled=False)
    page.goto(stack.page(lead))

    bubble(page, "obrigada").hover()
    bubble(page, "obrigada").get_by_role("link", name="Responder").click()
    expect(page.locator(".above.is-quote")).to_contain_text("obrigada")
    page.locator("#file").set_input_files({"name": "tabela.csv", "mimeType": "text/csv", "buffer": b"a;b"})
    page.get_by_role("button", name="Enviar").click()

    expect(bubble(page, "tabela.csv")).to_have_count(1)
    expect(bubble(page, "tabela.csv").locator(".quote-text")).to_have_text("obrigada")


def test_without_scripts_the_head_stays_in_sight_after_sending(stack: Stack, window: Window, lead: str) -> None:
    # A list that is longer than the screen, with marks that only a screen reader reads; below every other lead's row.
    long_ago = stack.sandbox.clock() - 86_400 * 10
    for number in range(20):
        rita = f"55119860000{number:02}@s.whatsapp.net"
        stack.sandbox.lead_writes(rita, "Oi", name=f"Rita {number}", at=long_ago, webhook=False)
    quiet(stack, lead, "Davi Melo")
    page = window("ana", (DESK[0], 800), java_script_enabled=False)
    page.goto(stack.page(lead))

    page.get_by_label("Sua resposta").fill("Oi, Davi")
    page.get_by_role("button", name="Enviar").click()

    expect(bubble(page, "Oi, Davi")).to_be_in_viewport()
    expect(page.get_by_role("heading", name="Davi Melo")).to_be_in_viewport(ratio=1)
    top = page.locator("header").first.bounding_box()
    assert top is not None
    assert top["y"] == 0, "the page itself was scrolled"


def test_what_was_not_sent_says_why_and_other_words_after_a_lost_answer_go_out(
    stack: Stack, window: Window, lead: str
) -> None:
    page = _opened(stack, window, lead, "Dora Luz")
    sends, trouble = f"{stack.page(lead)}send/", page.locator("#composer-trouble")

    page.set_input_files(
        "#file", {"name": "filme.mp4", "mimeType": "video/mp4", "buffer": b"x" * (LARGEST_FILE + 1)}
    )  # fmt: skip
    expect(trouble).to_contain_text("o limite é 16 MB")
    page.locator(".send").click()
    expect(trouble).to_contain_text("o limite é 16 MB")

    page.route(sends, lambda route: route.fulfill(status=403), times=1)
    _box(page).fill("Bom dia, Dora")
    _box(page).press("Enter")
    expect(trouble).to_contain_text("você não pode mais enviar aqui")
    expect(_box(page)).to_have_value("Bom dia, Dora")

    def lose(route: Route) -> None:
        route.fetch()
        route.abort()

    page.route(sends, lose, times=1)
    _box(page).press("Enter")
    expect(trouble).to_contain_text("O painel não respondeu")
    _box(page).fill("Tudo bem?")
    expect(bubble(page, "Bom dia, Dora")).to_be_visible(timeout=SOON_MS)
    _box(page).press("Enter")

    expect(bubble(page, "Tudo bem?")).to_be_visible(timeout=SOON_MS)
    assert stack.texts(lead) == ["Bom dia, Dora", "Tudo bem?"]


def test_what_is_on_its_way_is_not_left_in_the_box(stack: Stack, window: Window, lead: str) -> None:
    """On a slow line somebody already points at the next message to answer."""
    page = _opened(stack, window, lead, "Edu Luz")
    sent = Held(page, f"{stack.page(lead)}send/")
    _box(page).fill("Dois iguais?")
    _box(page).press("Enter")
    sent.wait()

    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/composer/" in request.url else None)
    page.locator("li.bubble [data-compose]").first.evaluate("(arrow) => arrow.click()")
    sent.let_go()

    expect(_box(page)).to_be_editable(timeout=SOON_MS)
    expect(_box(page)).to_have_value("")
    expect(bubble(page, "Dois iguais?")).to_have_count(1)
    assert stack.texts(lead) == ["Dois iguais?"]
    assert asked == [], "another box was asked for, with the same words in it"
