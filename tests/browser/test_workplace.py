"""The list and a conversation: live, honest, accessible, even script-free."""

from __future__ import annotations

import time

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from conversations import frames, live
from conversations.evolution.sandbox import Failure
from conversations.frames import Frame
from conversations.message import Author
from tests.browser.conftest import (
    DESK,
    PHONE,
    SOON_MS,
    TABLET,
    Held,
    Window,
    bubble,
    hand_back,
    open_conversation,
    quiet,
    settle,
    violations,
)
from tests.factories import message
from tests.stack import Stack

# ------------------------------------------------------------------------------------------------------------- live


def test_a_lead_writes_and_both_the_message_and_the_bots_answer_appear_by_themselves(
    stack: Stack, window: Window, lead: str
) -> None:
    page = window()

    stack.sandbox.lead_writes(lead, "Oi, quero saber mais", name="Marina Alves")
    row = page.get_by_role("link", name="Marina Alves")
    expect(row).to_be_visible(timeout=SOON_MS)
    open_conversation(page, "Marina Alves")
    expect(page.locator("li.bubble.by-bot").first).to_be_visible(timeout=SOON_MS)

    before = page.locator("li.bubble.by-bot").count()
    stack.sandbox.lead_writes(lead, "Somos uma clínica com 6 dentistas", name="Marina Alves")

    expect(bubble(page, "Somos uma clínica com 6 dentistas")).to_have_count(1, timeout=SOON_MS)
    expect(page.locator("li.bubble.by-bot").nth(before)).to_be_visible(timeout=SOON_MS)
    assert page.url.startswith(f"{stack.url}/c/voice_sdr_v4/")
    assert lead.split("@")[0] not in page.locator(".list").inner_html() + page.locator(".conversation").inner_html()


def test_take_over_silences_the_bot_and_the_answer_is_shown_once(stack: Stack, window: Window, lead: str) -> None:
    quiet(stack, lead, "Paula Reis")
    page = window()
    page.goto(stack.page(lead))
    expect(page.locator("#live")).to_have_text("ao vivo", timeout=SOON_MS)

    page.get_by_role("button", name="Assumir").click()
    expect(page.get_by_text("A partir de agora o bot não envia mais nada aqui.")).to_be_visible()
    expect(page.get_by_label("Sua resposta")).to_be_focused()
    stack.sandbox.lead_writes(lead, "Ainda estão aí?", name="Paula Reis")
    expect(bubble(page, "Ainda estão aí?")).to_be_visible(timeout=SOON_MS)
    page.get_by_label("Sua resposta").fill("Oi, Paula, aqui é a Ana")
    page.keyboard.press("Enter")

    expect(bubble(page, "Oi, Paula, aqui é a Ana")).to_have_count(1, timeout=SOON_MS)
    expect(page.get_by_label("Sua resposta")).to_be_empty()
    expect(page.get_by_label("Sua resposta")).to_be_focused()
    page.reload()
    expect(bubble(page, "Oi, Paula, aqui é a Ana")).to_have_count(1)
    expect(page.locator("li.bubble.by-rep .author")).to_have_text("Ana")
    assert stack.texts(lead) == ["Oi, Paula, aqui é a Ana"]


def test_take_over_tells_of_a_message_on_its_way_although_its_own_event_comes_first(
    stack: Stack, window: Window, lead: str
) -> None:
    quiet(stack, lead, "Nina Paz")
    page = window()
    page.goto(stack.page(lead))
    page.get_by_role("button", name="Assumir").click()
    hand_back(page)
    expect(page.get_by_text("O bot volta a responder aqui.")).to_be_visible()
    token, now = f"{lead:.32}", time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime())
    stack.query(
        "INSERT INTO conversations_sent (token, instance, conversation, author, state, answers, at)"
        " VALUES (?, 'voice_sdr_v4', ?, 'bot', 'open', '[]', ?)", token, lead, now,
    )  # fmt: skip
    stack.query("UPDATE conversations_control SET sending = ?, sending_at = ? WHERE conversation = ?", token, now, lead)

    page.get_by_role("button", name="Assumir").click()

    expect(page.get_by_text("pode ainda sair")).to_be_visible(timeout=SOON_MS)
    expect(page.locator("#control")).to_contain_text("Esta conversa está com você.")


def test_what_one_person_does_the_other_sees(stack: Stack, window: Window, lead: str) -> None:
    quiet(stack, lead, "Carla Dias")
    anas, betos = window("ana"), window("beto")
    for page in (anas, betos):
        # Others have left more conversations than one page of the list holds.
        page.goto(f"{stack.page(lead)}?q=Carla")
        expect(page.locator("#live")).to_have_text("ao vivo", timeout=SOON_MS)

    anas.get_by_role("button", name="Assumir").click()

    expect(betos.locator("#control")).to_contain_text("Esta conversa está com Ana.", timeout=SOON_MS)
    expect(betos.locator(".row.is-open .chip")).to_have_text("Ana", timeout=SOON_MS)

    hand_back(anas)

    expect(betos.locator("#control")).to_contain_text("Quem responde aqui é o bot.", timeout=SOON_MS)


def test_a_pause_is_chosen_from_a_menu(stack: Stack, window: Window, lead: str) -> None:
    quiet(stack, lead, "Davi Melo")
    page = window()
    page.goto(stack.page(lead))

    page.locator("#pause-menu summary").click()
    page.get_by_role("button", name="1 hora").click()

    expect(page.locator("#control")).to_contain_text("Pausada.")
    expect(page.get_by_role("button", name="1 hora")).to_be_hidden()
    expect(page.get_by_role("button", name="Retomar")).to_be_visible()


def test_delivery_and_edits_appear_by_themselves(stack: Stack, window: Window, lead: str) -> None:
    quiet(stack, lead, "Elisa Braga")
    page = window()
    page.goto(stack.page(lead))
    expect(page.locator("#live")).to_have_text("ao vivo", timeout=SOON_MS)
    page.get_by_role("button", name="Assumir").click()
    page.get_by_label("Sua resposta").fill("Bom dia!")
    page.keyboard.press("Enter")
    expect(bubble(page, "Bom dia!")).to_be_visible(timeout=SOON_MS)
    wrote = stack.sandbox.lead_writes(lead, "Bom dai", name="Elisa Braga")
    expect(bubble(page, "Bom dai")).to_be_visible(timeout=SOON_MS)

    stack.sandbox.lead_reads(lead)
    ticks = bubble(page, "Bom dia!").locator(".ticks")
    expect(ticks).to_contain_text("lida", timeout=SOON_MS)
    expect(ticks).to_have_attribute("title", "Lida")
    expect(ticks, "the blue ticks have a ring too").not_to_have_css("box-shadow", "none")
    stack.sandbox.lead_edits(wrote, "Bom dia para você")

    expect(bubble(page, "Bom dia para você")).to_contain_text("editada", timeout=SOON_MS)
    expect(bubble(page, "Bom dai")).to_have_count(0)


def test_what_comes_while_the_page_reads_again_stays_on_it(stack: Stack, window: Window, lead: str) -> None:
    quiet(stack, lead, "Jonas Lima")
    page = window()
    page.goto(stack.page(lead))
    expect(page.locator("#live")).to_have_text("ao vivo", timeout=SOON_MS)
    page.get_by_role("button", name="Assumir").click()
    stack.sandbox.lead_writes(lead, "Bom dia", name="Jonas Lima")
    expect(bubble(page, "Bom dia")).to_be_visible(timeout=SOON_MS)
    read = Held(page, stack.page(lead))

    page.locator("#refresh-messages").click()
    read.wait()
    stack.sandbox.lead_writes(lead, "Ainda estão aí?", name="Jonas Lima")
    expect(bubble(page, "Ainda estão aí?")).to_be_visible(timeout=SOON_MS)
    with page.expect_response(stack.page(lead)):
        read.let_go()

    expect(page.locator(".htmx-request")).to_have_count(0)
    expect(bubble(page, "Ainda estão aí?")).to_have_count(1, timeout=SOON_MS)


# ------------------------------------------------------------------------------------------------ nothing typed is lost


def test_what_could_not_be_sent_stays_in_the_box_with_the_reason(stack: Stack, window: Window, lead: str) -> None:
    quiet(stack, lead, "Fábio Luz")
    page = window()
    page.goto(stack.page(lead))
    stack.sandbox.failures.add(Failure("/message/sendText", "refuse", status=403))

    page.get_by_label("Sua resposta").fill("Segue a proposta")
    page.get_by_role("button", name="Enviar").click()

    expect(page.get_by_role("alert").filter(has_text="Não foi enviada.")).to_be_visible(timeout=SOON_MS)
    expect(page.get_by_label("Sua resposta")).to_have_value("Segue a proposta")
    page.get_by_role("button", name="Enviar").click()
    expect(bubble(page, "Segue a proposta")).to_have_count(1, timeout=SOON_MS)
    assert stack.texts(lead) == ["Segue a proposta"]


DOUBT = "Não sabemos se esta mensagem saiu."


def watch_for(page: Page, words: str) -> None:
    """Have the page note that `words` came, however soon they go: what they say may be cleared up at once."""
    page.evaluate(
        """(words) => {
          const isIn = (node) => node.textContent.includes(words) && !node.closest?.("template");
          new MutationObserver((changes) => {
            window.wasSeen ||= changes.some((one) => [...one.addedNodes].some(isIn));
          }).observe(document.body, { childList: true, subtree: true });
        }""",
        words,
    )


def test_an_unclear_send_is_told_and_cleared_up_by_itself(stack: Stack, window: Window, lead: str) -> None:
    quiet(stack, lead, "Gil Prado")
    page = window()
    page.goto(stack.page(lead))
    stack.sandbox.failures.add(Failure("/message/sendText", "after", status=500))

    page.get_by_label("Sua resposta").fill("Chegou?")
    watch_for(page, DOUBT)
    page.get_by_role("button", name="Enviar").click()
    page.wait_for_function("() => window.wasSeen", timeout=SOON_MS)
    expect(page.get_by_label("Sua resposta")).to_be_empty()
    expect(bubble(page, "Chegou?")).to_have_count(1, timeout=SOON_MS)
    expect(bubble(page, "Chegou?").locator(".author")).to_have_text("Ana", timeout=SOON_MS)
    expect(page.get_by_text("Não sabemos")).to_have_count(0, timeout=SOON_MS)
    assert stack.texts(lead) == ["Chegou?"]


def test_what_turns_out_not_to_have_gone_out_is_back_in_the_box(stack: Stack, window: Window, lead: str) -> None:
    quiet(stack, lead, "Hilda Reis")
    page = window()
    page.goto(stack.page(lead))
    stack.sandbox.failures.add(Failure("/message/sendText", "refuse", status=500))

    page.get_by_label("Sua resposta").fill("Segue o contrato")
    watch_for(page, DOUBT)
    page.get_by_role("button", name="Enviar").click()
    page.wait_for_function("() => window.wasSeen", timeout=SOON_MS)

    expect(page.get_by_label("Sua resposta")).to_have_value("Segue o contrato", timeout=SOON_MS)
    expect(page.locator("#control")).to_contain_text("não saiu")
    assert stack.texts(lead) == []


def test_what_was_unclear_when_one_left_is_back_once_it_is_known_and_never_over_other_words(
    stack: Stack, window: Window, lead: str
) -> None:
    quiet(stack, lead, "Inês Braga")
    page = window()
    page.goto(stack.page(lead))
    box, unclear = page.get_by_label("Sua resposta"), page.locator(".unsure")
    stack.sandbox.failures.add(Failure("/message/sendText", "refuse", status=500))
    box.fill("Segue o contrato")
    with page.expect_response("**/send/"):
        page.get_by_role("button", name="Enviar").click()
    expect(unclear).to_contain_text("Segue o contrato", timeout=SOON_MS)

    page.goto(f"{stack.url}/")
    expect(page.get_by_role("heading", name="Conversas")).to_be_visible()
    page.goto(stack.page(lead))
    expect(box).to_have_value("Segue o contrato", timeout=SOON_MS)
    expect(unclear).to_have_count(0)

    stack.sandbox.failures.add(Failure("/message/sendText", "refuse", status=500))
    with page.expect_response("**/send/"):
        page.get_by_role("button", name="Enviar").click()
    expect(unclear).to_contain_text("Não sabemos", timeout=SOON_MS)
    box.fill("Um momento")
    expect(unclear).to_contain_text("Esta mensagem não saiu.", timeout=SOON_MS)
    page.reload()
    expect(box).to_have_value("Um momento")
    unclear.get_by_role("button", name="Usar este texto").click()
    expect(box).to_have_value("Um momento\n\nSegue o contrato")
    expect(unclear).to_have_count(0)
    assert stack.texts(lead) == []

    page.get_by_role("button", name="Enviar").click()
    expect(bubble(page, "Segue o contrato")).to_have_count(1, timeout=SOON_MS)
    page.reload()
    expect(box).to_be_empty()
    assert len(stack.texts(lead)) == 1


def test_an_unfinished_answer_survives_a_reload_but_not_a_log_out(stack: Stack, window: Window, lead: str) -> None:
    quiet(stack, lead, "Hugo Vaz")
    page = window()
    page.goto(stack.page(lead))
    page.get_by_label("Sua resposta").fill("Vou verificar e")

    page.reload()
    expect(page.get_by_label("Sua resposta")).to_have_value("Vou verificar e")

    page.get_by_text("Ana", exact=True).first.click()
    page.get_by_role("button", name="Sair").click()
    page.wait_for_url("**/login/**")
    assert page.evaluate("sessionStorage.length") == 0


# ------------------------------------------------------------------------------------------------- the screen is true


def test_the_screen_says_when_it_is_not_live_and_catches_up(stack: Stack, window: Window, lead: str) -> None:
    quiet(stack, lead, "Íris Nobre")
    page = window()
    page.goto(stack.page(lead))
    expect(page.locator("#live")).to_have_text("ao vivo", timeout=SOON_MS)

    stack.kill("web")
    expect(page.locator("#live")).to_have_text("reconectando…", timeout=SOON_MS)
    stack.sandbox.lead_writes(lead, "escrita enquanto caiu", name="Íris Nobre", webhook=False)
    stack.start_web()

    expect(page.locator("#live")).to_have_text("ao vivo", timeout=40_000)
    expect(bubble(page, "escrita enquanto caiu")).to_have_count(1, timeout=SOON_MS)


def test_a_wiped_valkey_is_no_gap_that_stays(stack: Stack, window: Window, lead: str) -> None:
    quiet(stack, lead, "Júlia Sá")
    page = window()
    page.goto(stack.page(lead))
    page.get_by_role("button", name="Assumir").click()
    expect(page.locator("#live")).to_have_text("ao vivo", timeout=SOON_MS)

    stack.wipe_valkey()
    stack.sandbox.lead_writes(lead, "depois da faxina", name="Júlia Sá")

    expect(bubble(page, "depois da faxina")).to_have_count(1, timeout=SOON_MS)


# ---------------------------------------------------------------------------------------------------- without scripts


def test_without_scripts_one_can_read_take_over_answer_and_hand_back(stack: Stack, window: Window, lead: str) -> None:
    quiet(stack, lead, "Karen Leal")
    page = window(java_script_enabled=False)
    page.goto(stack.page(lead))
    expect(bubble(page, "obrigada")).to_be_visible()

    page.get_by_role("button", name="Assumir").click()
    expect(page.get_by_text("A partir de agora o bot não envia mais nada aqui.")).to_be_visible()
    page.get_by_label("Sua resposta").fill("Respondo sem scripts")
    page.get_by_role("button", name="Enviar").click()
    expect(bubble(page, "Respondo sem scripts")).to_have_count(1)
    hand_back(page)

    expect(page.locator("#control")).to_contain_text("Quem responde aqui é o bot.")
    assert stack.texts(lead) == ["Respondo sem scripts"]


# --------------------------------------------------------------------------------------------------------- for everyone


@pytest.mark.parametrize("size", [DESK, PHONE])
def test_axe_finds_nothing(stack: Stack, window: Window, lead: str, size: tuple[int, int]) -> None:
    stack.sandbox.lead_writes(lead, "Vejam https://a.example/", name="Lia Castro", webhook=False)
    stack.sandbox.phone_types(lead, "Do celular", webhook=False)
    nobody = window("", size)
    page = window("ana", size)
    found = {"login": violations(nobody), "list": violations(page)}
    page.goto(stack.page(lead))
    expect(page.locator("#live")).to_have_text("ao vivo", timeout=SOON_MS)
    found["conversation"] = violations(page)
    page.locator("#pause-menu summary").click()
    found["menu"] = violations(page)
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Assumir").click()
    expect(page.locator("#toasts p")).to_be_visible()
    page.locator("#hand-back-menu summary").click()
    found["taken over"] = violations(page)
    page.locator("#switch summary").click()
    found["switch"] = violations(page)
    page.goto(f"{stack.url}/nowhere/")
    found["not found"] = violations(page)

    assert found == dict.fromkeys(found, [])


@pytest.mark.parametrize("size", [DESK, TABLET, PHONE])
def test_nothing_is_wider_than_the_screen(stack: Stack, window: Window, lead: str, size: tuple[int, int]) -> None:
    stack.sandbox.lead_writes(lead, "x" * 400, name="N" * 120, webhook=False)
    page = window("ana", size)

    for address in (stack.page(lead), f"{stack.url}/"):
        page.goto(address)
        assert page.evaluate("document.documentElement.scrollWidth") <= size[0]


def test_a_menu_opens_inside_the_screen_of_a_phone(stack: Stack, window: Window, lead: str) -> None:
    quiet(stack, lead, "Olga Prado")
    page = window("ana", PHONE)
    page.goto(stack.page(lead))
    settle(page)

    for name in ("#pause-menu", "#switch"):
        menu = page.locator(name)
        menu.locator("summary").click()
        expect(menu.locator(".menu-body")).to_be_visible()
        box = menu.locator(".menu-body").bounding_box()
        assert box is not None
        assert 0 <= box["x"] <= box["x"] + box["width"] <= PHONE[0]
        page.keyboard.press("Escape")
        menu.evaluate("menu => menu.open = false")


def test_the_keyboard_reaches_the_content_first(window: Window) -> None:
    page = window()

    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Pular para o conteúdo")).to_be_focused()
    page.keyboard.press("Enter")

    assert page.evaluate("document.activeElement.id") == "main"


def test_an_answer_stands_before_what_the_lead_wrote_while_it_went_out(stack: Stack, window: Window, lead: str) -> None:
    stack.act(lead, "take-over")
    stack.sandbox.lead_writes(lead, "obrigada", name="Nina Alves", at=stack.sandbox.clock() - 2)
    page = window()
    page.goto(stack.page(lead))
    expect(page.locator("#live")).to_have_text("ao vivo", timeout=SOON_MS)
    expect(page.locator("#lead-counts [data-author=lead]")).to_contain_text("1", timeout=SOON_MS)
    now = timezone.now().replace(microsecond=0)

    def tell(id: str, author: Author, text: str, answers: tuple[str, ...] | None = None) -> None:
        said = message(id, author, jid=lead, text=text, sent_at=now, answers=answers)
        frame = frames.dump(Frame("message", "voice_sdr_v4", lead, said))
        stack.redis().eval(live._PUBLISH, 1, live._COUNTER, live.CHANNEL, frame)

    tell("NINA1", Author.LEAD, "Quanto custa?")
    tell("NINA2", Author.LEAD, "E o anual?")
    tell("NINA3", Author.BOT, "Começa em R$ 149.", ("NINA1",))

    expect(bubble(page, "Começa em R$ 149.")).to_be_visible(timeout=SOON_MS)
    said = [text for text in page.locator("#messages .text").all_inner_texts() if text != "obrigada"]
    assert said == ["Quanto custa?", "Começa em R$ 149.", "E o anual?"]
    expect(page.locator("#lead-counts [data-author=lead] strong")).to_have_text("3")
    expect(page.locator("#lead-counts [data-author=bot] strong")).to_have_text("1")
