"""The list as people use it: it lives, it never moves under the pointer, and it finds whom one looks for."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from conversations import frames, live
from conversations.frames import Frame
from tests.browser.conftest import DESK, SOON_MS, Window, hand_back
from tests.stack import Stack, eventually

LIST = "#list"


def row(page: Page, name: str) -> Locator:
    return page.locator(".row-item", has=page.locator(".row-name", has_text=name))


def is_live(page: Page) -> None:
    expect(page.locator("#live")).to_have_text("ao vivo", timeout=SOON_MS)


def names(page: Page) -> list[str]:
    return page.locator(".row-item .row-name").all_inner_texts()


def known(stack: Stack, lead: str, name: str, said: str = "obrigada", *, ago_s: float = 86_400 * 3) -> None:
    """A conversation from before the bot came, that the list has heard of."""
    stack.sandbox.lead_writes(lead, said, name=name, at=stack.sandbox.clock() - ago_s)


def publish(stack: Stack, what: Frame) -> None:
    stack.redis().eval(live._PUBLISH, 1, live._COUNTER, live.CHANNEL, frames.dump(what))


def away(page: Page) -> None:
    """The pointer rests outside of the list."""
    page.mouse.move(1000, 700)


def open_list(window: Window, stack: Stack, query: str = "", **options: object) -> Page:
    page = window(**options)
    if query:
        page.goto(f"{stack.url}/{query}")
    is_live(page)
    away(page)
    return page


def test_a_row_moves_up_by_itself_and_says_what_is_new(stack: Stack, window: Window, lead: str) -> None:
    known(stack, lead, "Lia Prado")
    page = open_list(window, stack)
    expect(row(page, "Lia Prado")).to_be_visible(timeout=SOON_MS)

    stack.sandbox.lead_writes(lead, "Oi, voltei!", name="Lia Prado")

    expect(page.locator(".row-item").first).to_contain_text("Lia Prado", timeout=SOON_MS)
    expect(row(page, "Lia Prado").locator(".count.is-new")).to_contain_text(re.compile("mensagem nova|mensagens novas"))
    page.locator(".row", has_text="Lia Prado").click()
    expect(page.get_by_role("heading", name="Lia Prado")).to_be_visible()
    expect(page.locator(".row.is-open .count.is-new")).to_have_count(0)


def test_nothing_moves_under_the_pointer(stack: Stack, window: Window, lead: str) -> None:
    known(stack, lead, "Bia Fonseca")
    other = lead.replace("5511987", "5511986")
    known(stack, other, "Caio Rocha", "obrigado", ago_s=86_400)
    stack.act(lead, "take-over")  # the bot's answer would stand in the row instead
    page = open_list(window, stack, "?q=obrigad")
    expect(row(page, "Bia Fonseca")).to_be_visible(timeout=SOON_MS)
    expect(page.locator(".row-item").first).to_contain_text("Caio Rocha", timeout=SOON_MS)
    before = names(page)
    row(page, "Caio Rocha").locator(".row").hover()

    stack.sandbox.lead_writes(lead, "obrigada, agora quero comprar", name="Bia Fonseca")

    expect(page.get_by_role("button", name="1 nova")).to_be_visible(timeout=SOON_MS)
    expect(row(page, "Bia Fonseca")).to_contain_text("agora quero comprar", timeout=SOON_MS)
    assert names(page) == before
    away(page)
    expect(page.locator(".row-item").first).to_contain_text("Bia Fonseca", timeout=SOON_MS)
    expect(page.locator("#news")).to_be_hidden()


@pytest.mark.parametrize("typed", ["renata aca", "(11) 97700-"])
def test_the_search_answers_while_one_types(stack: Stack, window: Window, lead: str, typed: str) -> None:
    known(stack, f"551197700{lead[9:13]}@s.whatsapp.net", "Renata Acácio", "oi")
    page = open_list(window, stack)
    expect(row(page, "Renata Acácio").first).to_be_visible(timeout=SOON_MS)
    box = page.get_by_label("Buscar por nome")

    box.press_sequentially(typed if typed.startswith("renata") else f"{typed}{lead[9:13]}")

    expect(page.locator(".row-item").filter(has_not_text="Renata")).to_have_count(0, timeout=SOON_MS)
    expect(row(page, "Renata Acácio").first).to_be_visible()
    expect(box).to_be_focused()
    expect(page.get_by_text("a busca olha só a última mensagem")).to_be_visible()
    expect(page).to_have_url(re.compile(r"/\?q=[^&]*$"))
    box.fill("ninguém com esse nome")
    expect(page.get_by_text("Nada encontrado")).to_be_visible()


def test_a_view_has_an_address_and_stays_when_a_conversation_is_opened(stack: Stack, window: Window, lead: str) -> None:
    known(stack, lead, "Otto Lins")
    page = window()
    page.goto(stack.page(lead))
    page.get_by_role("button", name="Assumir").click()
    expect(page.locator("#tab-mine .count")).not_to_have_text("0", timeout=SOON_MS)

    page.locator("#tab-mine").click()

    expect(page.locator("#tab-mine")).to_have_attribute("aria-current", "page")
    expect(page).to_have_url(re.compile(r"\?view=mine"))
    expect(row(page, "Otto Lins")).to_be_visible()
    row(page, "Otto Lins").locator(".row").click()
    expect(page).to_have_url(re.compile(r"/c/.*view=mine"))
    away(page)
    page.locator(LIST).evaluate("list => list.scrollTo(0, 0)")  # who has scrolled down is in the list, too
    hand_back(page)
    expect(row(page, "Otto Lins")).to_have_count(0, timeout=SOON_MS)


def test_several_are_paused_at_once(stack: Stack, window: Window, lead: str) -> None:
    for number, name in enumerate(("Zulmira Um", "Zulmira Dois", "Zulmira Tres")):
        known(stack, lead.replace("5511987", f"551196{number}"), name)
    page = open_list(window, stack, "?q=zulmira")
    expect(page.locator(".row-item")).to_have_count(3, timeout=SOON_MS)

    page.get_by_role("button", name="Selecionar várias").click()
    expect(page.get_by_text("Nenhuma selecionada: marque as conversas na lista.")).to_be_visible()
    page.locator("#several-pause summary").click(force=True)
    expect(page.get_by_role("button", name="1 hora")).to_be_hidden()
    row(page, "Zulmira Um").locator(".row").click()
    page.get_by_label("Selecionar Zulmira Dois").check()
    expect(page.get_by_text("Selecionadas: 2")).to_be_visible()
    page.locator("#several-pause summary").click()
    page.get_by_role("button", name="1 hora").click()

    expect(page.get_by_text("2 conversas pausadas.")).to_be_visible()
    expect(page).to_have_url(re.compile("q=zulmira"))
    for name in ("Zulmira Um", "Zulmira Dois"):
        expect(row(page, name).locator(".chip").first).to_contain_text("pausada")
    expect(row(page, "Zulmira Tres").locator(".chip").first).to_have_text("bot")
    page.get_by_role("button", name="Desfazer").click()
    expect(page.get_by_text("Desfeito: 2 conversas voltaram a ser como eram.")).to_be_visible()
    expect(row(page, "Zulmira Um").locator(".chip").first).to_have_text("bot")


def test_how_many_are_chosen_is_said_once(stack: Stack, window: Window, lead: str) -> None:
    known(stack, lead, "Wilma Escolhida")
    page = open_list(window, stack, "?q=wilma")
    page.get_by_role("button", name="Selecionar várias").click()
    page.get_by_label("Selecionar Wilma").check()
    count = page.locator(".several-count")
    expect(count).to_have_text("Selecionadas: 1")
    count.evaluate(
        "count => new MutationObserver(() => { count.dataset.again = ''; }).observe(count, {childList: true})"
    )

    stack.act(lead, "pause", length="30")

    expect(row(page, "Wilma").locator(".chip")).to_contain_text("pausada", timeout=SOON_MS)
    expect(page.locator(".several-count[data-again]")).to_have_count(0)


def only_two_pages(route: Route) -> None:
    route.continue_(url=route.request.url.replace("pages=3", "pages=2"))


def test_a_long_list_goes_on_by_itself(stack: Stack, window: Window) -> None:
    for number in range(120):
        jid = f"55219888{number:05}@s.whatsapp.net"
        known(stack, jid, f"Fila {number:03}", "fila longa", ago_s=400_000 + number * 2)
    page = open_list(window, stack, "?q=fila+longa")

    def has_heard_of_all() -> bool:
        page.reload()
        return page.get_by_text("50 de 120").is_visible()

    eventually(has_heard_of_all)
    page.locator(LIST).hover()

    for shown in (50, 100):
        expect(page.locator(".row-item")).to_have_count(shown, timeout=SOON_MS)
        page.locator("#more").scroll_into_view_if_needed()

    expect(page.locator(".row-item")).to_have_count(120, timeout=SOON_MS)
    assert names(page) == [f"Fila {number:03}" for number in range(120)]
    # What is read again is not longer than the server gives at once: here two pages.
    page.route("**/*pages=3*", only_two_pages, times=1)
    page.locator(LIST).evaluate("list => list.scrollTo(0, 0)")
    away(page)
    with page.expect_response("**/*pages=*"):
        publish(stack, Frame("list", "voice_sdr_v4"))
    expect(page.locator(".htmx-request")).to_have_count(0)
    assert names(page) == [f"Fila {number:03}" for number in range(120)]
    page.locator(LIST).evaluate("list => list.scrollTo(0, list.scrollHeight)")
    row(page, "Fila 110").locator(".row").click()
    expect(page.get_by_role("heading", name="Fila 110")).to_be_visible()
    expect(row(page, "Fila 110")).to_be_in_viewport(timeout=SOON_MS)


def test_the_border_is_moved_with_the_arrows_and_remembered(window: Window, stack: Stack) -> None:
    page = open_list(window, stack)
    border = page.get_by_role("separator", name="Largura da lista")
    before = page.locator("#list-pane").bounding_box()
    assert before is not None

    border.focus()
    for _ in range(3):
        page.keyboard.press("ArrowRight")

    after = page.locator("#list-pane").bounding_box()
    assert after is not None
    assert after["width"] == pytest.approx(before["width"] + 72, abs=1)
    assert border.get_attribute("aria-valuenow") == str(round(after["width"]))
    page.reload()
    kept = page.locator("#list-pane").bounding_box()
    assert kept is not None
    assert kept["width"] == pytest.approx(after["width"], abs=1)


def test_who_is_in_the_list_sees_what_is_gone_from_it_and_what_is_wrong_with_the_number(
    stack: Stack, window: Window, lead: str
) -> None:
    leads = [lead, lead.replace("5511987", "5511983"), lead.replace("5511987", "5511982")]
    for number, one in enumerate(leads):
        known(stack, one, f"Sumida {number}", "obrigada, sumida", ago_s=86_400 * (number + 1))
        stack.act(one, "pause", length="240")
    page = open_list(window, stack, "?view=paused&q=sumida")
    expect(page.locator(".row-item")).to_have_count(3, timeout=SOON_MS)
    row(page, "Sumida 2").locator(".row").hover()

    # Nobody is told of it, as when an event was lost.
    stack.query("UPDATE conversations_control SET mode = 'bot' WHERE conversation = ?", leads[1])
    gateway = stack.sandbox.instance("voice_sdr_v4")
    stack.sandbox.set_state(gateway, "close")
    try:
        expect(page.locator(f"{LIST} > .band")).to_contain_text("não está conectado", timeout=SOON_MS)
        expect(page.locator(".row-item.is-gone .row-name")).to_have_text(["Sumida 1"])
        expect(page.get_by_role("button", name="1 nova")).to_be_visible()
    finally:
        stack.sandbox.set_state(gateway, "open")

    expect(page.locator(f"{LIST} > .band")).to_have_count(0, timeout=SOON_MS)
    assert names(page) == ["Sumida 0", "Sumida 1", "Sumida 2"]
    away(page)
    expect(page.locator(".row-item .row-name")).to_have_text(["Sumida 0", "Sumida 2"], timeout=SOON_MS)


def test_the_row_says_what_the_bot_does(stack: Stack, window: Window, lead: str) -> None:
    known(stack, lead, "Duda Pires")
    page = open_list(window, stack)
    expect(row(page, "Duda Pires")).to_be_visible(timeout=SOON_MS)

    def tell(doing: str, number: int = 0, of: int = 0) -> None:
        publish(stack, Frame("bot", "voice_sdr_v4", lead, facts={"doing": doing, "number": number, "of": of}))

    tell("typing", 1, 1)
    expect(row(page, "Duda Pires").locator(".row-doing")).to_have_text("digitando…", timeout=SOON_MS)
    tell("typing", 2, 3)
    expect(row(page, "Duda Pires").locator(".row-doing")).to_have_text("digitando (2 de 3)…", timeout=SOON_MS)
    tell("idle")
    expect(row(page, "Duda Pires").locator(".row-doing")).to_be_hidden(timeout=SOON_MS)
    expect(row(page, "Duda Pires")).to_contain_text("obrigada")


def test_without_scripts_one_searches_turns_pages_and_pauses_several(stack: Stack, window: Window, lead: str) -> None:
    known(stack, lead, "Zoe Sem Script")
    found = f"{stack.url}/?q=zoe"
    eventually(lambda: ">Zoe Sem Script<" in stack.browser().get(found, timeout=10).text)
    page = window(java_script_enabled=False, size=DESK)

    page.get_by_label("Buscar por nome").fill("zoe")
    page.get_by_role("button", name="Buscar").click()
    expect(page.locator(".row-item")).to_have_count(1)
    page.get_by_role("button", name="Selecionar várias").click()
    page.get_by_label("Selecionar Zoe").check()
    page.locator("#several-pause summary").click()
    page.get_by_role("button", name="30 minutos").click()

    expect(page.get_by_text("1 conversa pausada.")).to_be_visible()
    page.locator("#tab-paused").click()
    expect(row(page, "Zoe Sem Script")).to_be_visible()


def answered(stack: Stack, lead: str, name: str, *, ago_s: float) -> None:
    """A conversation of the past in which our side has the last word."""
    known(stack, lead, name, "obrigadinha", ago_s=ago_s + 60)
    stack.sandbox.phone_types(lead, "obrigadinha nós", at=stack.sandbox.clock() - ago_s)


def test_a_row_that_stands_where_it_belongs_is_no_news(stack: Stack, window: Window, lead: str) -> None:
    leads = [lead, lead.replace("5511987", "5511985"), lead.replace("5511987", "5511984")]
    for number, one in enumerate(leads):
        answered(stack, one, f"Calmo {number}", ago_s=86_400 * (number + 1))
    page = open_list(window, stack, "?sort=waiting&q=obrigadinha")
    expect(page.locator(".row-item")).to_have_count(3, timeout=SOON_MS)
    expect(page.locator(".row-item").last).to_contain_text("Calmo 2")
    row(page, "Calmo 1").locator(".row").hover()

    stack.act(leads[0], "pause", length="30")

    expect(row(page, "Calmo 0").locator(".chip")).to_contain_text("pausada", timeout=SOON_MS)
    expect(page.locator("#news")).to_be_hidden()
    assert names(page) == ["Calmo 0", "Calmo 1", "Calmo 2"]


def test_a_list_that_is_read_again_shows_who_is_new_at_its_top(stack: Stack, window: Window, lead: str) -> None:
    leads = [lead.replace("5511987", f"55119{number}") for number in range(70, 78)]
    for number, one in enumerate(leads):
        answered(stack, one, f"Longe {number}", ago_s=86_400 * (number + 1))
    page = open_list(window, stack, "?q=Longe", size=(1440, 460))
    expect(page.locator(".row-item")).to_have_count(len(leads), timeout=SOON_MS)
    scrolled = "list => list.scrollTop"
    page.locator(LIST).evaluate("list => list.scrollTo(0, 200)")
    page.reload()
    is_live(page)
    assert page.locator(LIST).evaluate(scrolled) == 200

    stack.act(leads[5], "take-over")
    stack.sandbox.lead_writes(leads[5], "voltei", name="Longe 5")
    expect(page.get_by_role("button", name="1 nova")).to_be_visible(timeout=SOON_MS)
    page.reload()

    expect(page.locator(".row-item").first).to_contain_text("Longe 5", timeout=SOON_MS)
    assert page.locator(LIST).evaluate(scrolled) == 0
