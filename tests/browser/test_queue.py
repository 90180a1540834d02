"""The queue and what follows from it: a card comes by itself, the next one is opened, words are proposed."""

from __future__ import annotations

import json
import os
import re
import sqlite3
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import SOON_MS, Held, Window, bubble, quiet
from tests.stack import Stack, eventually

SUMMARY = "Quer 12 licenças para a clínica.\nPaga à vista.\nFalta o prazo de entrega."
SUGGESTION = "Oi, Marina! Sou a Ana e cuido do seu pedido a partir daqui."
#: Set it to look at the screens.
PICTURES = os.environ.get("QUEUE_PICTURES", "")


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Everything, with a model that says what it is told."""
    with Stack(tmp_path_factory.mktemp("queue")) as running:
        yield running


def calls_a_person(stack: Stack, lead: str, name: str, words: str, heat: str, reason: str = "qualified") -> None:
    """The lead writes, and the bot asks for a person."""
    handoff = {"reason": reason, "summary": SUMMARY, "suggestion": SUGGESTION, "heat": heat}
    stack.gemini.will_answer("Já chamo uma pessoa da equipe.", handoff=handoff)
    stack.sandbox.lead_writes(lead, words, name=name)
    eventually(lambda: stack.control(lead, "mode") == "waiting", why="nobody was called")


def picture(page: Page, name: str) -> None:
    """What it looks like, on a desk, a tablet and a phone, by day and by night; only when somebody wants to look."""
    for scheme in ("light", "dark") if PICTURES else ():
        for size in ((1440, 900), (820, 1180), (360, 740)):
            page.emulate_media(color_scheme=scheme)
            page.set_viewport_size({"width": size[0], "height": size[1]})
            page.screenshot(path=str(Path(PICTURES) / f"{name}-{size[0]}-{scheme}.png"))
    page.set_viewport_size({"width": 1440, "height": 900})


def opened(stack: Stack, window: Window, path: str, user: str = "ana") -> Page:
    page = window(user)
    page.goto(path if path.startswith("http") else stack.url + path)
    expect(page.locator("#live")).to_have_text("ao vivo", timeout=SOON_MS)
    return page


def set_facts(stack: Stack, sql: str, *values: object) -> None:
    """As if time had passed."""
    with sqlite3.connect(stack.var / "db.sqlite3", timeout=20) as connection:
        connection.execute(sql, values)


def test_a_card_comes_by_itself_and_its_brief_quotes_the_lead(stack: Stack, window: Window, lead: str) -> None:
    quiet(stack, lead, "Marina Alves")
    page = opened(stack, window, "/queue/")
    expect(page.get_by_role("heading", name="Ninguém esperando por uma pessoa")).to_be_visible()
    picture(page, "empty")

    calls_a_person(stack, lead, "Marina Alves", "Quero fechar hoje, me liga?", "hot")

    card = page.locator(".wait-card", has_text="Marina Alves")
    expect(card).to_contain_text("Lead quente", timeout=SOON_MS)
    expect(card).to_contain_text("Quer 12 licenças")
    expect(card.locator("[data-since]")).to_have_text("agora mesmo")
    expect(page.locator(".nav [data-queue-count]")).to_contain_text("1", timeout=SOON_MS)
    # Counted once: at the way to the queue.
    expect(page).to_have_title(re.compile(r"^\(1\) "))
    expect(page.locator("#calls")).to_be_hidden()
    card.get_by_role("link", name="Quero fechar hoje").click()
    expect(bubble(page, "Quero fechar hoje, me liga?")).to_be_visible()
    expect(page.locator("#control")).to_contain_text("Sugestão para começar")
    picture(page, "bar")
    page.get_by_role("link", name="Usar esta frase").click()
    expect(page.get_by_label("Sua resposta")).to_have_value(SUGGESTION)


def test_nothing_moves_under_the_pointer_or_the_focus(stack: Stack, window: Window, lead: str) -> None:
    stack.query("UPDATE conversations_control SET mode = 'bot'")
    leads = [f"{int(lead[:13]) + number * 100000}@s.whatsapp.net" for number in range(3)]
    for one, name in zip(leads[:2], ("Bruno Sales", "Célia Moura"), strict=True):
        calls_a_person(stack, one, name, "E com desconto?", "warm", "price_or_discount")
    page = opened(stack, window, "/queue/")
    names = page.locator(".wait-who h2")
    expect(names).to_have_text(["Bruno Sales", "Célia Moura"], timeout=SOON_MS)
    for _ in range(2):
        page.keyboard.press("j")
    page.evaluate("document.getElementById('queue').firstElementChild.dataset.old = ''")
    page.evaluate("htmx.trigger('#refresh-queue', 'again')")
    expect(page.locator("#queue > [data-old]")).to_have_count(0, timeout=SOON_MS)
    expect(page.get_by_role("link", name="Célia Moura")).to_be_focused()
    page.evaluate("document.activeElement.blur()")
    take = page.get_by_role("button", name="Assumir: Célia Moura")
    take.hover()

    calls_a_person(stack, leads[2], "Davi Torres", "Quero fechar hoje", "hot")

    expect(page.get_by_role("button", name="Há mudanças na fila")).to_be_visible(timeout=SOON_MS)
    expect(names).to_have_text(["Bruno Sales", "Célia Moura"])
    picture(page, "news")
    page.get_by_role("button", name="Há mudanças na fila").click()
    expect(names).to_have_text(["Davi Torres", "Bruno Sales", "Célia Moura"], timeout=SOON_MS)
    expect(page.locator("#queue-news")).to_be_hidden()
    take.hover()
    stack.act(leads[2], "take-over")
    expect(page.locator(".wait-card.is-gone")).to_have_text(re.compile("Davi Torres"), timeout=SOON_MS)
    page.mouse.move(2, 2)
    expect(names).to_have_text(["Bruno Sales", "Célia Moura"], timeout=SOON_MS)


def test_a_missing_brief_is_prepared_and_appears(stack: Stack, window: Window, lead: str) -> None:
    quiet(stack, lead, "Paulo Reis")
    calls_a_person(stack, lead, "Paulo Reis", "E o desconto?", "warm", "price_or_discount")
    eventually(lambda: stack.is_quiet(lead))
    # Only this one is to be made: the model says one thing.
    stack.query("UPDATE conversations_control SET mode = 'bot' WHERE conversation <> ?", lead)
    for name in stack.redis().keys("*sealed:*"):
        stack.redis().delete(name)
    stack.gemini.hold()
    asks = {"reason": "price_or_discount", "summary": "Pede desconto.", "suggestion": "Oi, Paulo!"}
    stack.gemini.will_answer(text=json.dumps({"messages": [], "handoff": asks, "language": "pt-BR"}))

    page = opened(stack, window, "/queue/")
    card = page.locator(".wait-card", has_text="Paulo Reis")
    expect(card).to_contain_text("Preparando o resumo…")
    picture(page, "preparing")
    stack.gemini.release()

    expect(card).to_contain_text("Pede desconto.", timeout=SOON_MS)
    expect(card).to_contain_text("E o desconto?")


def test_two_people_press_next_and_get_two_conversations_and_the_sentence_is_used(
    stack: Stack, window: Window, lead: str
) -> None:
    leads = [lead, f"{int(lead[:13]) + 500000}@s.whatsapp.net"]
    for one, name, heat in zip(leads, ("Rita Lopes", "Caio Prado"), ("hot", "warm"), strict=True):
        quiet(stack, one, name)
        calls_a_person(
            stack,
            one,
            name,
            "Quero uma pessoa, por favor, quando alguém puder falar comigo por aqui",
            heat,
            "asked_for_person",
        )
    anas, betos = opened(stack, window, "/queue/"), opened(stack, window, "/queue/", "beto")
    picture(anas, "queue")
    anas.set_viewport_size({"width": 360, "height": 740})
    assert anas.evaluate("document.documentElement.scrollWidth") == 360
    anas.set_viewport_size({"width": 1440, "height": 900})

    anas.keyboard.press("x")
    anas.wait_for_url(re.compile("/c/"))
    betos.get_by_role("button", name="Próximo da fila").click()
    betos.wait_for_url(re.compile("/c/"))

    expect(anas.locator("#control")).to_contain_text("Esta conversa está com você.")
    expect(betos.locator("#control")).to_contain_text("Esta conversa está com você.")
    brief = betos.locator("#taken-brief")
    expect(brief).to_contain_text("Paga à vista.")
    brief.locator("summary").click()
    betos.evaluate("document.getElementById('control').dataset.old = ''; htmx.trigger('#refresh-control', 'over')")
    expect(betos.locator("#control:not([data-old])")).to_have_count(1)
    expect(brief.get_by_role("link", name="Usar esta frase")).to_be_hidden()
    brief.locator("summary").click()
    brief.get_by_role("link", name="Usar esta frase").click()
    expect(betos.get_by_label("Sua resposta")).to_have_value(SUGGESTION)
    picture(betos, "taken")
    betos.get_by_role("button", name="Enviar").click()
    expect(brief).to_have_count(0, timeout=SOON_MS)
    assert anas.url != betos.url
    third = f"{int(lead[:13]) + 600000}@s.whatsapp.net"
    quiet(stack, third, "Nara Pires")
    calls_a_person(stack, third, "Nara Pires", "Quero uma pessoa", "hot", "asked_for_person")
    anas.goto(f"{stack.url}/queue/")
    card = anas.locator(".wait-card").filter(has_text="Nara Pires")
    card.get_by_role("button", name="Usar esta frase").click()
    expect(anas.locator("#control")).to_contain_text("Esta conversa está com você.")
    expect(anas.get_by_label("Sua resposta")).to_have_value(re.compile("Oi, "))


def agreed(stack: Stack, window: Window, lead: str, words: str) -> Page:
    """The conversation, taken over and answered with `words`."""
    page = opened(stack, window, stack.page(lead))
    page.locator("#act-take-over").click()
    expect(page.locator("#control")).to_contain_text("Esta conversa está com você.")
    page.get_by_label("Sua resposta").fill(words)
    page.keyboard.press("Enter")
    expect(bubble(page, words)).to_be_visible(timeout=SOON_MS)
    return page


def test_what_was_agreed_is_proposed_and_never_over_what_somebody_wrote(
    stack: Stack, window: Window, lead: str
) -> None:
    quiet(stack, lead, "Elisa Braga")
    page = agreed(stack, window, lead, "Mando a proposta até sexta, sem desconto.")
    stack.gemini.will_answer("combinado: proposta até sexta")

    page.locator("#hand-back-menu summary").click()

    field = page.get_by_label("O que ficou combinado?")
    expect(field).to_have_value("combinado: proposta até sexta", timeout=SOON_MS)
    picture(page, "agreed")
    page.reload()
    stack.gemini.hold()
    stack.gemini.will_answer("combinado: outra coisa")
    page.locator("#hand-back-menu summary").click()
    field.press_sequentially("falar na segunda")
    stack.gemini.release()
    expect(page.locator("#agreed-found.htmx-request")).to_have_count(0, timeout=SOON_MS)
    expect(field).to_have_value("falar na segunda")
    page.get_by_role("button", name="Devolver ao bot").click()
    expect(page.locator("#toasts")).to_contain_text("Devolvida com a sua nota.")


def test_what_was_agreed_comes_though_the_bar_is_read_again_meanwhile(stack: Stack, window: Window, lead: str) -> None:
    quiet(stack, lead, "Sara Braga")
    page = agreed(stack, window, lead, "Mando a proposta até sexta.")
    asked = Held(page, "**/agreed/")
    for _ in range(2):
        stack.gemini.will_answer("combinado: proposta até sexta")
    page.locator("#hand-back-menu summary").click()
    asked.wait()

    with page.expect_response(lambda answer: answer.request.headers.get("hx-target") == "control"):
        page.evaluate("htmx.trigger('#refresh-control', 'over')")
    expect(page.locator("#control.htmx-settling, #refresh-control.htmx-request")).to_have_count(0)
    asked.let_go()

    expect(page.get_by_label("O que ficou combinado?")).to_have_value("combinado: proposta até sexta", timeout=SOON_MS)


def test_an_hour_more_before_it_returns(stack: Stack, window: Window, lead: str) -> None:
    quiet(stack, lead, "Gil Prado")
    page = opened(stack, window, stack.page(lead))
    page.locator("#act-take-over").click()
    expect(page.locator("#control")).to_contain_text("Esta conversa está com você.")
    set_facts(stack, "UPDATE conversations_switch SET resume_after_minutes = 30 WHERE instance = 'voice_sdr_v4'")
    ago = (datetime.now(timezone.utc) - timedelta(minutes=26)).strftime("%Y-%m-%d %H:%M:%S")
    set_facts(
        stack,
        "UPDATE conversations_control SET last_human_at = ?, changed_at = ? WHERE conversation = ?",
        ago,
        ago,
        lead,
    )
    page.reload()

    expect(page.locator("#returns")).to_contain_text(re.compile(r"Volta ao bot em 3:\d\d"))
    picture(page, "returns")
    page.get_by_role("button", name="+1 h").click()

    expect(page.locator("#toasts")).to_contain_text("Fica com você por mais uma hora.")
    expect(page.locator("#returns")).to_have_count(0)
