"""The first day of somebody new: by keys, as an observer, and from the login to a lead who is handed back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from conversations.evolution.sandbox import samples
from tests.browser.conftest import DRAWN, SOON_MS, Window, bubble, hand_back, quiet, settle
from tests.browser.test_people import join, log_in
from tests.stack import Stack, eventually

DAY = 86_400
FIRST, SECOND = (
    "Temos dois planos para clínicas.",
    "O completo inclui a agenda, os lembretes e a nota fiscal, tudo junto.",
)
MINE = "Esta conversa está com você."


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Everything, with a model that says what it is told and a bot that types as a person would."""
    with Stack(tmp_path_factory.mktemp("first"), BOT_TYPING_CHARS_PER_SECOND="12") as running:
        yield running


def opened(stack: Stack, window: Window, lead: str) -> Page:
    page = window()
    page.goto(stack.page(lead))
    settle(page)
    return page


# -------------------------------------------------------------------------------------------------------------- keys


def told_of(page: Page) -> dict[str, str]:
    """What the keys of this page do, as the dialog says it."""
    page.keyboard.press("?")
    keys = page.locator("#keys dl > div:visible")
    said = {one.locator("dt").inner_text(): one.locator("dd").inner_text() for one in keys.all()}
    page.keyboard.press("Escape")
    return said


def says(page: Page, words: str) -> None:
    """The bar above the messages says so, and its buttons are those of htmx already."""
    expect(page.locator("#control")).to_contain_text(words)
    expect(page.locator(".htmx-added")).to_have_count(0)


def test_one_pauses_resumes_takes_over_hands_back_and_searches_by_the_keys_that_the_page_tells_of(
    stack: Stack, window: Window, lead: str
) -> None:
    quiet(stack, lead, "Gina Prado")
    page = opened(stack, window, lead)
    said = told_of(page)
    assert (said["a"], said["p"], said["/"]) == ("Assumir", "Pausar", "Buscar")
    assert "s" not in said

    page.keyboard.press("p")
    page.get_by_role("button", name="1 hora").press("Enter")
    says(page, "Pausada.")
    assert told_of(page)["d"] == "Retomar"
    page.keyboard.press("d")
    says(page, "Quem responde aqui é o bot.")

    page.keyboard.press("a")
    says(page, MINE)
    expect(page.locator("#text")).to_be_focused()
    page.keyboard.press("Escape")
    assert told_of(page)["d"] == "Devolver"
    page.keyboard.press("d")
    expect(page.get_by_label("O que ficou combinado?")).to_be_focused()
    page.keyboard.type("apds")
    page.get_by_role("button", name="Devolver ao bot").press("Enter")
    says(page, "Quem responde aqui é o bot.")

    page.keyboard.press("/")
    expect(page.locator("#q")).to_be_focused()


@pytest.mark.parametrize("doing", ["O bot está pensando…", "O bot está digitando (2 de 2)…"])
def test_one_holds_the_bot_by_a_key_while_it_thinks_and_while_it_types(
    stack: Stack, window: Window, lead: str, doing: str
) -> None:
    quiet(stack, lead, "Hilda Moraes")
    page = opened(stack, window, lead)
    stack.gemini.will_answer(FIRST, SECOND)
    is_thinking = "pensando" in doing
    if is_thinking:
        stack.gemini.hold()
    stack.sandbox.lead_writes(lead, "Quais planos vocês têm?", name="Hilda Moraes")
    expect(page.locator("#activity")).to_have_text(doing, timeout=SOON_MS)

    page.keyboard.press("s")

    expect(page.locator("#control")).to_contain_text(MINE)
    if is_thinking:
        stack.gemini.release()
    expect(page.get_by_label("Sua resposta")).to_have_value(re.compile(re.escape(SECOND)), timeout=SOON_MS)
    eventually(lambda: stack.is_quiet(lead))
    assert len(stack.texts(lead)) == (0 if is_thinking else 1)


# ---------------------------------------------------------------------------------------------------------- observers


def test_an_observer_sees_all_and_may_do_nothing(stack: Stack, window: Window, lead: str) -> None:
    stack.sandbox.lead_writes(lead, "obrigada", name="Ivo Tavares", at=stack.sandbox.clock() - DAY * 3)
    page = join(stack, window, "Rosa Lima", "rosa", "Observador")
    page.get_by_role("link", name="Ivo Tavares").click()
    expect(bubble(page, "obrigada")).to_be_visible()
    settle(page)

    expect(page.locator("#lead-body")).to_contain_text("Primeira mensagem")
    expect(page.locator("#main form[method=post]")).to_have_count(0)
    expect(page.locator("#composer, .control-acts, #act-hold")).to_have_count(0)
    assert set(told_of(page)) & set("apdsrxn") == set()
    for act in ("take-over", "pause", "hand-back", "send", "hold"):
        assert posted(page, f"{stack.page(lead)}{act}/") == 403, act
    assert stack.control(lead, "mode") in (None, "bot")


def posted(page: Page, address: str) -> Any:
    """The status that a form of this person gets, whatever the page offers."""
    return page.evaluate(
        """async (address) => {
          const csrfmiddlewaretoken = document.querySelector("[name=csrfmiddlewaretoken]").value;
          const body = new URLSearchParams({ csrfmiddlewaretoken, text: "oi", length: "60" });
          return (await fetch(address, { method: "POST", body, redirect: "manual" })).status;
        }""",
        address,
    )


# -------------------------------------------------------------------------------------------------------- the whole way


def test_from_the_login_to_a_lead_who_was_heard_answered_and_handed_back(
    stack: Stack, window: Window, lead: str
) -> None:
    at = int(stack.sandbox.clock()) - DAY * 9
    stack.sandbox.lead_sends(lead, samples.voice(at), name="Júlia Prates", at=at)
    stack.sandbox.lead_writes(f"{lead[:6]}9{lead[7:]}", "Alguém aí?", name="Caio Dias", at=at + DAY)
    page = window("")
    log_in(page, "beto")
    settle(page)

    page.locator("#sort").select_option(label="quem espera há mais tempo")
    expect(page.locator(".row-name").first).to_have_text("Júlia Prates", timeout=SOON_MS)
    page.locator("a.row").first.click()
    expect(page.get_by_role("heading", name="Júlia Prates")).to_be_visible()
    settle(page)
    page.get_by_role("button", name="Ouvir").click()
    expect(page.locator(".player-time")).to_have_text(re.compile("^0:0[1-8]$"), timeout=SOON_MS)

    stack.gemini.will_answer(FIRST, SECOND)
    stack.sandbox.lead_writes(lead, "Conseguiram ouvir?", name="Júlia Prates")
    expect(page.locator("#activity")).to_have_text("O bot está digitando (2 de 2)…", timeout=SOON_MS)
    page.get_by_role("button", name="Segurar").click()
    expect(page.locator("#control")).to_contain_text(MINE)
    expect(page.get_by_label("Sua resposta")).to_have_value(SECOND, timeout=SOON_MS)
    page.get_by_label("Sua resposta").fill("Ouvi, Júlia! " + SECOND)
    page.keyboard.press("Enter")
    expect(bubble(page, "Ouvi, Júlia!")).to_have_count(1, timeout=SOON_MS)
    expect(bubble(page, "Ouvi, Júlia!").locator(".author")).to_have_text("Beto")

    hand_back(page, "ligar na sexta")

    expect(page.locator("#toasts")).to_contain_text("Devolvida com a sua nota.")
    expect(page.locator("#control")).to_contain_text("Quem responde aqui é o bot.")
    assert [words.removeprefix("*Beto*\n") for words in stack.texts(lead)] == [FIRST, "Ouvi, Júlia! " + SECOND]


# -------------------------------------------------------------------------------------------------------- nothing jumps

#: What moved without that one did anything: how much, and where it was and is.
WATCHING = """() => {
  window.shifts = [];
  const place = ({ x, y, width, height }) => [x, y, width, height].map(Math.round).join(" ");
  const words = ({ node, previousRect, currentRect }) =>
    `${node?.id || node?.className || node?.nodeName}: ${place(previousRect)} -> ${place(currentRect)}`;
  new PerformanceObserver((list) => {
    for (const one of list.getEntries()) if (!one.hadRecentInput) shifts.push([one.value, one.sources.map(words)]);
  }).observe({ type: "layout-shift" });
}"""
#: Web Vitals call twice as much good. The bar above the messages has a second line for some of its states.
AT_MOST = 0.05


def test_nothing_jumps_while_things_happen(stack: Stack, window: Window, lead: str) -> None:
    for number, name in enumerate(("Kauã Dias", "Lis Reis", "Kátia Nunes")):
        known = lead if name == "Kátia Nunes" else f"55118{number:02}{lead[7:]}"
        stack.sandbox.lead_writes(known, "obrigada", name=name, at=stack.sandbox.clock() - DAY * 2 + number)
    page = opened(stack, window, lead)
    stack.act(lead, "take-over")
    expect(page.locator("#control")).to_contain_text(MINE, timeout=SOON_MS)
    stack.sandbox.lead_writes(lead, "um", name="Kátia Nunes")
    expect(page.locator("a.row").first).to_contain_text("um", timeout=SOON_MS)
    # In the list, where nothing moves under the pointer.
    page.mouse.move(200, 500)
    page.evaluate(WATCHING)

    stack.sandbox.lead_writes(lead, "dois", name="Kátia Nunes")
    expect(bubble(page, "dois")).to_be_visible(timeout=SOON_MS)
    stack.sandbox.lead_writes(f"5511800{lead[7:]}", "e eu?", name="Kauã Dias")
    expect(page.locator("#news")).to_be_visible(timeout=SOON_MS)
    stack.act(lead, "pause", length="60")
    expect(page.locator("#control")).to_contain_text("Pausada.", timeout=SOON_MS)
    page.evaluate(DRAWN)

    moved = page.evaluate("shifts")
    assert sum(value for value, _where in moved) <= AT_MOST, moved
