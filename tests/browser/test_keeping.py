"""What one writes, has opened or records is not lost, and keeps the focus, when what is around it comes anew."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from conversations.evolution.sandbox import Failure
from tests.browser.conftest import SOON_MS, Held, Window, bubble, quiet
from tests.browser.test_answering import ONE_SECOND
from tests.stack import Stack


def opened(stack: Stack, window: Window, lead: str, name: str, **options: Any) -> Page:
    quiet(stack, lead, name)
    page = window(**options)
    page.goto(stack.page(lead))
    expect(page.locator("#live")).to_have_text("ao vivo", timeout=SOON_MS)
    return page


def sending(stack: Stack, page: Page, lead: str, text: str) -> Held:
    """An answer that is on its way."""
    sent = Held(page, f"{stack.page(lead)}send/")
    page.get_by_label("Sua resposta").fill(text)
    page.keyboard.press("Enter")
    sent.wait()
    return sent


def read_again(page: Page, part: str) -> None:
    """The page reads a part anew, as when something happened to it."""
    with page.expect_response(lambda answer: answer.request.headers.get("hx-target") == part):
        page.evaluate("part => htmx.trigger(`#refresh-${part}`, 'over')", part)
    expect(page.locator(".htmx-request, .htmx-settling")).to_have_count(0)


def reply(page: Page) -> None:
    page.locator("li.bubble.by-lead").hover()
    page.locator("li.bubble.by-lead").get_by_role("link", name="Responder").click()


# --------------------------------------------------------------------------------------------- words, menus, the focus


@pytest.mark.parametrize(
    ("menu", "field"),
    [("hand-over-menu", "Anotação para o colega"), ("whisper-menu", "Sussurrar para o bot")],
)
def test_a_word_in_the_bar_goes_on_while_ones_answer_goes_out(
    stack: Stack, window: Window, lead: str, menu: str, field: str
) -> None:
    page = opened(stack, window, lead, "Ada Reis")
    sent = sending(stack, page, lead, "Bom dia")
    page.locator(f"#{menu} > summary").click()
    page.get_by_label(field).fill("quer fechar")
    page.keyboard.press("Home")

    sent.let_go()
    expect(bubble(page, "Bom dia")).to_have_count(1, timeout=SOON_MS)
    expect(page.locator("#control-who")).to_contain_text("Esta conversa está com você.")
    page.keyboard.type("Oi! ")

    expect(page.get_by_label(field)).to_have_value("Oi! quer fechar")
    expect(page.get_by_label("Sua resposta")).to_be_empty()


def test_a_note_for_colleagues_does_not_go_on_in_the_leads_box(stack: Stack, window: Window, lead: str) -> None:
    page = opened(stack, window, lead, "Bia Reis")
    note = page.get_by_label("Anotação para colegas")
    expect(note).to_be_visible(timeout=SOON_MS)
    sent = sending(stack, page, lead, "Bom dia")
    note.click()
    page.keyboard.type("Não paga ")

    sent.let_go()
    expect(bubble(page, "Bom dia")).to_have_count(1, timeout=SOON_MS)
    page.keyboard.type("em dia")

    expect(note).to_have_value("Não paga em dia")
    expect(page.get_by_label("Sua resposta")).to_be_empty()
    reply(page)
    expect(page.locator(".above.is-quote")).to_be_visible()
    expect(page.get_by_label("Sua resposta")).to_be_focused()


def test_a_menu_that_is_opened_again_takes_the_focus_from_nobody(stack: Stack, window: Window, lead: str) -> None:
    page = opened(stack, window, lead, "Caio Reis")
    note = page.get_by_label("Anotação para colegas")
    expect(note).to_be_visible(timeout=SOON_MS)
    page.locator("#whisper-menu > summary").click()
    expect(page.get_by_label("Sussurrar para o bot")).to_be_focused()
    note.focus()
    page.evaluate("document.addEventListener('toggle', ({target}) => { target.dataset.toggled = ''; }, true)")

    read_again(page, "control")

    expect(page.locator("#whisper-menu[data-toggled][open]")).to_be_visible()
    expect(note).to_be_focused()


def test_the_place_in_a_menu_without_a_field_stays(stack: Stack, window: Window, lead: str) -> None:
    page = opened(stack, window, lead, "Davi Reis")

    for place in ("#pause-menu > summary", "#pause-menu button:nth-of-type(2)"):
        if place.endswith("summary"):
            page.locator(place).click()
        page.locator(place).focus()
        read_again(page, "control")

        expect(page.locator("#pause-menu")).to_have_attribute("open", "")
        expect(page.locator(place)).to_be_focused()


def test_an_act_closes_its_own_menu_and_takes_no_other_words(stack: Stack, window: Window, lead: str) -> None:
    page = opened(stack, window, lead, "Eva Reis")
    page.locator("#hand-over-menu > summary").click()
    page.get_by_label("Anotação para o colega").fill("quer fechar")
    page.locator("#pause-menu > summary").click()

    page.get_by_role("button", name="30 minutos").click()

    expect(page.locator("#control-who")).to_contain_text("Pausada.", timeout=SOON_MS)
    expect(page.locator("#control details.menu[open]")).to_have_count(0)
    page.locator("#hand-over-menu > summary").click()
    expect(page.get_by_label("Anotação para o colega")).to_have_value("quer fechar")


def test_a_number_that_is_typed_for_a_code_stays_when_one_looks_again(stack: Stack, window: Window) -> None:
    number = stack.sandbox.instance("voice_sdr_v4")
    page = window()
    stack.sandbox.set_state(number, "close")
    try:
        page.goto(f"{stack.url}/connection/")
        page.get_by_text("Ou com um código para digitar").click()
        field = page.get_by_label("O número, com código do país")
        field.fill("+55 11 9")

        with page.expect_response("**/connection/of/voice_sdr_v4/**"):
            page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        expect(page.locator(".htmx-request, .htmx-settling")).to_have_count(0)
        page.keyboard.type("1234")

        expect(field).to_have_value("+55 11 91234")
    finally:
        stack.sandbox.set_state(number, "open")


# ----------------------------------------------------------------------------------------------- files and recordings


def record(page: Page) -> None:
    page.get_by_role("button", name="Gravar mensagem de voz").click()
    expect(page.locator(".recorder-time")).to_have_text(ONE_SECOND, timeout=SOON_MS)


def goes_out(stack: Stack, page: Page, lead: str) -> None:
    """Stop recording, listen, and send."""
    page.get_by_role("button", name="Parar").click()
    expect(page.locator("#recorder audio")).to_be_visible()
    page.get_by_role("button", name="Enviar").click()
    expect(page.locator("li.bubble.by-rep .player")).to_have_count(1, timeout=SOON_MS)
    expect(page.locator("#recorder")).to_be_hidden()
    assert stack.sandbox.sent(lead, by="api")[-1].type_name == "audioMessage"


def test_a_recording_goes_on_while_a_text_goes_out_and_a_reply_is_chosen(
    stack: Stack, window: Window, lead: str
) -> None:
    page = opened(stack, window, lead, "Fabi Reis", permissions=["microphone"])
    sent = sending(stack, page, lead, "Já te explico")
    record(page)

    sent.let_go()
    expect(bubble(page, "Já te explico")).to_have_count(1, timeout=SOON_MS)
    reply(page)
    expect(page.locator(".above.is-quote")).to_be_visible()

    expect(page.get_by_role("button", name="Parar")).to_be_focused()
    expect(page.get_by_label("Sua resposta")).to_be_hidden()
    goes_out(stack, page, lead)


def test_a_recording_that_is_done_waits_for_the_text_before_it(stack: Stack, window: Window, lead: str) -> None:
    page = opened(stack, window, lead, "Gabi Reis", permissions=["microphone"])
    sent = sending(stack, page, lead, "Já te explico")
    record(page)
    page.get_by_role("button", name="Parar").click()
    expect(page.locator("#recorder audio")).to_be_visible()

    sent.let_go()

    expect(bubble(page, "Já te explico")).to_have_count(1, timeout=SOON_MS)
    expect(page.locator("#recorder audio")).to_be_visible()
    page.get_by_role("button", name="Enviar").click()
    expect(page.locator("li.bubble.by-rep .player")).to_have_count(1, timeout=SOON_MS)
    expect(page.locator("#recorder")).to_be_hidden()


def test_a_recording_is_kept_while_a_message_is_changed(stack: Stack, window: Window, lead: str) -> None:
    page = opened(stack, window, lead, "Hugo Reis", permissions=["microphone"])
    sending(stack, page, lead, "Já te explco").let_go()
    expect(bubble(page, "Já te explco")).to_have_count(1, timeout=SOON_MS)
    record(page)

    bubble(page, "Já te explco").hover()
    bubble(page, "Já te explco").get_by_role("link", name="Editar").click()
    expect(page.get_by_label("Novo texto")).to_be_focused()
    page.get_by_label("Novo texto").fill("Já te explico")
    page.keyboard.press("Enter")

    expect(bubble(page, "Já te explico")).to_have_count(1, timeout=SOON_MS)
    expect(page.locator("#recorder audio")).to_be_visible()


def test_a_recording_goes_alone_and_the_words_beside_it_stay(stack: Stack, window: Window, lead: str) -> None:
    page = opened(stack, window, lead, "Ivo Reis", permissions=["microphone"])
    page.get_by_label("Sua resposta").fill("e segue o contrato")
    record(page)

    goes_out(stack, page, lead)

    expect(page.get_by_label("Sua resposta")).to_have_value("e segue o contrato")


def test_what_was_begun_is_there_again_once_a_message_is_changed(stack: Stack, window: Window, lead: str) -> None:
    page = opened(stack, window, lead, "Ísis Reis")
    sending(stack, page, lead, "Até amanhã").let_go()
    expect(bubble(page, "Até amanhã")).to_have_count(1, timeout=SOON_MS)
    page.get_by_label("Sua resposta").fill("Outra coisa")

    bubble(page, "Até amanhã").hover()
    bubble(page, "Até amanhã").get_by_role("link", name="Editar").click()
    expect(page.get_by_label("Novo texto")).to_have_value("Até amanhã")
    page.keyboard.press("Escape")

    expect(page.get_by_label("Sua resposta")).to_have_value("Outra coisa")


def files(page: Page, *names: str) -> Any:
    return page.evaluate_handle(
        """(names) => {
          const holder = new DataTransfer();
          for (const name of names) holder.items.add(new File(["%PDF-1.4 " + name], name, { type: "application/pdf" }));
          return holder;
        }""",
        list(names),
    )


def test_a_file_that_is_chosen_while_a_text_goes_out_is_there_for_the_next(
    stack: Stack, window: Window, lead: str
) -> None:
    page = opened(stack, window, lead, "Jade Reis")
    sent = sending(stack, page, lead, "Segue a proposta")
    page.locator("#scroll").dispatch_event("drop", {"dataTransfer": files(page, "proposta.pdf", "contrato.pdf")})
    expect(page.locator("#attached")).to_contain_text("proposta.pdf")
    expect(page.locator("#composer-trouble")).to_have_text(
        page.locator("#composer").get_attribute("data-one-file") or ""
    )

    sent.let_go()
    expect(bubble(page, "Segue a proposta")).to_have_count(1, timeout=SOON_MS)
    expect(page.locator("#attached")).to_contain_text("proposta.pdf")
    page.get_by_role("button", name="Enviar").click()

    expect(bubble(page, "proposta.pdf")).to_have_count(1, timeout=SOON_MS)
    expect(page.locator("#attached")).to_be_hidden()
    assert [sent.type_name for sent in stack.sandbox.sent(lead, by="api")] == ["conversation", "documentMessage"]


@pytest.mark.parametrize("went_out", [True, False], ids=["went out", "did not"])
def test_the_next_file_waits_for_the_one_on_its_way(stack: Stack, window: Window, lead: str, went_out: bool) -> None:
    page = opened(stack, window, lead, "Kaio Reis")
    attached = page.locator("#attached")
    page.locator("#scroll").dispatch_event("drop", {"dataTransfer": files(page, "proposta.pdf")})
    if not went_out:
        stack.sandbox.failures.add(Failure("/message/sendMedia", "refuse", status=403))
    sent = sending(stack, page, lead, "Veja")
    page.locator("#scroll").dispatch_event("drop", {"dataTransfer": files(page, "contrato.pdf")})
    expect(attached).to_contain_text("contrato.pdf")

    sent.let_go()

    if not went_out:
        expect(page.get_by_role("alert").filter(has_text="Não foi enviada.")).to_be_visible(timeout=SOON_MS)
        expect(attached).to_contain_text("proposta.pdf")
        page.get_by_role("button", name="Enviar").click()
    expect(bubble(page, "Veja")).to_have_count(1, timeout=SOON_MS)
    expect(attached).to_contain_text("contrato.pdf")


def test_the_quote_stays_while_another_message_is_taken_back(stack: Stack, window: Window, lead: str) -> None:
    page = opened(stack, window, lead, "Lia Reis")
    sending(stack, page, lead, "Engano").let_go()
    mine = page.locator("li.bubble.by-rep")
    expect(mine).to_have_count(1, timeout=SOON_MS)
    reply(page)
    expect(page.locator(".above.is-quote")).to_contain_text("obrigada")
    page.get_by_label("Sua resposta").fill("De nada")

    mine.hover()
    mine.get_by_role("link", name="Apagar para todos").click()
    page.get_by_role("button", name="Apagar", exact=True).click()

    expect(mine).to_contain_text("Mensagem apagada", timeout=SOON_MS)
    expect(page.locator(".above.is-quote")).to_contain_text("obrigada")
    expect(page.get_by_label("Sua resposta")).to_have_value("De nada")
    expect(page.get_by_label("Sua resposta")).to_be_focused()


def test_all_of_the_history_stays_when_something_is_added_to_it(stack: Stack, window: Window, lead: str) -> None:
    page = opened(stack, window, lead, "Mel Reis")
    page.locator("#act-take-over").click()
    expect(page.locator("#lead-history li")).to_have_count(1, timeout=SOON_MS)
    columns = "at, instance, conversation, actor, rep_id, act, reason, before, after"
    for _ in range(11):
        stack.query(
            f"INSERT INTO conversations_auditentry ({columns})"
            f" SELECT {columns} FROM conversations_auditentry WHERE conversation = ? LIMIT 1",
            lead,
        )
    page.reload()
    page.get_by_role("link", name="Ver tudo").click()
    expect(page.locator("#lead-history li")).to_have_count(12)

    page.locator("#pause-menu > summary").click()
    page.get_by_role("button", name="30 minutos").click()

    expect(page.locator("#lead-history li")).to_have_count(13, timeout=SOON_MS)
