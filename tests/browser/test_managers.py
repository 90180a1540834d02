"""The managers' pages in a real browser: the bot tried before it is changed, and a number paired anew."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Dialog, Page, expect

from tests.browser.conftest import DESK, PHONE, SOON_MS, Held, Window, violations
from tests.stack import Stack, eventually


def settings_page(stack: Stack, window: Window, size: tuple[int, int] = DESK, **options: Any) -> Page:
    page = window(size=size, **options)
    page.goto(f"{stack.url}/bot/")
    return page


def say(page: Page, words: str) -> None:
    page.get_by_label("Você escreve como o lead").fill(words)
    page.keyboard.press("Enter")


def test_a_change_is_tried_before_it_is_saved(stack: Stack, window: Window) -> None:
    page = settings_page(stack, window)
    expect(page.locator("#unsaved")).to_have_text("Nada para salvar.")
    page.get_by_label("Nome do bot").fill("Beatriz")
    expect(page.locator("#unsaved")).to_have_text("Há mudanças que não foram salvas.")

    say(page, "Oi, quero saber mais")

    expect(page.locator("#rehearsal .by-bot").first).to_contain_text("Beatriz", timeout=SOON_MS)
    expect(page.get_by_label("Você escreve como o lead")).to_be_empty()
    expect(page.get_by_label("Você escreve como o lead")).to_be_focused()
    say(page, "Somos uma clínica com 6 dentistas")
    expect(page.locator("#rehearsal .by-lead")).to_have_count(2, timeout=SOON_MS)
    page.get_by_text("O que foi perguntado ao modelo").click()
    page.get_by_text("Quem você é").click()
    expect(page.locator(".prompt-part[open] pre")).to_contain_text("Nome: Beatriz")
    page.get_by_role("button", name="Recomeçar").click()
    expect(page.locator("#rehearsal .bubble")).to_have_count(0)
    assert stack.query("SELECT persona_name FROM bot_botsettings WHERE persona_name = 'Beatriz'") == []


def test_on_a_phone_the_save_bar_stands_above_the_way_to_other_pages(stack: Stack, window: Window) -> None:
    page = settings_page(stack, window, PHONE)

    save, bottom = page.locator(".save-bar").bounding_box(), page.locator(".bottom").bounding_box()

    assert save is not None
    assert bottom is not None
    assert save["y"] < save["y"] + save["height"] <= bottom["y"] + 1


def test_while_the_bot_thinks_one_writes_on_and_may_start_over(stack: Stack, window: Window) -> None:
    page = settings_page(stack, window)
    box = page.get_by_label("Você escreve como o lead")
    thought = Held(page, "**/bot/try/")
    say(page, "Oi, quero saber mais")
    thought.wait()

    say(page, "Somos uma clínica com 6 dentistas")
    thought.let_go()

    expect(page.locator("#rehearsal .by-bot").first).to_be_visible(timeout=SOON_MS)
    expect(box).to_have_value("Somos uma clínica com 6 dentistas")

    thought = Held(page, "**/bot/try/")
    page.keyboard.press("Enter")
    thought.wait()
    page.get_by_role("button", name="Recomeçar").click()
    expect(page.locator("#rehearsal .bubble")).to_have_count(0, timeout=SOON_MS)
    thought.let_go()
    expect(page.locator(".htmx-request")).to_have_count(0)
    expect(page.locator("#rehearsal .bubble")).to_have_count(0)
    expect(page.locator("#try-button")).to_be_enabled()


def test_why_it_would_stay_silent_is_told_guard_by_guard(stack: Stack, window: Window, lead: str) -> None:
    stack.sandbox.lead_writes(lead, "Oi, quanto custa?", name="Renata Lopes")
    answered = eventually(lambda: stack.is_quiet(lead) and stack.texts(lead))
    page = settings_page(stack, window)

    page.get_by_label("Experimentar com").select_option(label="Renata Lopes")
    page.get_by_label("como está agora, com todas as travas").check()
    page.get_by_role("button", name="Ver o que o bot diz").click()

    expect(page.locator("#verdict")).to_contain_text("Ficaria em silêncio", timeout=SOON_MS)
    expect(page.locator(".step.stops")).to_have_count(1)
    page.get_by_label("como se o lead tivesse acabado de mandar").check()
    page.get_by_role("button", name="Ver o que o bot diz").click()
    expect(page.locator(".bubble.is-unsent").first).to_be_visible(timeout=SOON_MS)
    assert stack.texts(lead) == answered


def test_what_is_wrong_is_found_from_the_summary_then_saved_compared_and_brought_back(
    stack: Stack, window: Window
) -> None:
    page = settings_page(stack, window)
    page.get_by_label("Empresa").fill("Dental Sorriso")
    page.get_by_label("Temperatura").fill("9")
    page.get_by_role("button", name="Salvar").click()
    expect(page.locator("#errors")).to_be_focused()
    expect(page.locator("#errors")).to_contain_text("Escreva um número de 0 a 2.")
    expect(page.locator("#unsaved")).to_have_text("Há mudanças que não foram salvas.")

    page.get_by_label("Temperatura").fill("0.5")
    page.get_by_role("button", name="Salvar").click()

    expect(page.get_by_text("Salvo. Vale a partir da próxima resposta do bot.")).to_be_visible()
    page.get_by_role("link", name="Versões").click()
    page.get_by_role("link", name=re.compile("^Restaurar a versão")).first.click()
    page.get_by_role("button", name="Restaurar esta versão").click()
    page.get_by_role("button", name="Restaurar", exact=True).click()
    expect(page.get_by_label("Empresa")).to_have_value("")
    page.get_by_role("link", name="Versões").click()
    expect(page.locator(".version").first).to_contain_text("restaurou a versão")


def test_nobody_leaves_unsaved_changes_behind_unasked(stack: Stack, window: Window) -> None:
    page = settings_page(stack, window)
    page.get_by_label("Empresa").fill("Nunca salva")
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    page.on("dialog", stay)

    page.get_by_role("link", name="Versões").click()

    expect(page.get_by_label("Empresa")).to_have_value("Nunca salva")
    assert asked == ["beforeunload"]


def test_without_scripts_one_tries_and_saves_all_the_same(stack: Stack, window: Window) -> None:
    page = settings_page(stack, window, java_script_enabled=False)
    page.get_by_label("Nome do bot").fill("Joana")
    page.get_by_label("Você escreve como o lead").fill("Oi")

    page.get_by_role("button", name="Ver o que o bot diz").click()

    expect(page.locator("#rehearsal .by-bot").first).to_contain_text("Joana")
    expect(page.get_by_label("Nome do bot")).to_have_value("Joana")


def test_a_number_is_logged_out_paired_anew_and_the_page_says_so_by_itself(stack: Stack, window: Window) -> None:
    page = window()
    page.goto(f"{stack.url}/connection/")
    expect(page.locator(".finding").first).to_be_visible(timeout=30_000)
    page.get_by_role("button", name="Desconectar…").click()
    expect(page.get_by_role("dialog")).to_contain_text("ninguém responde por aqui")

    page.get_by_role("dialog").get_by_role("button", name="Desconectar").click()

    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.locator(".done")).to_have_class("done is-warning")
    of_connection = page.locator(".finding", has_text="Conexão:")
    expect(of_connection).not_to_have_class("finding is-ok", timeout=30_000)
    page.get_by_role("button", name="Mostrar o QR code").click()
    expect(page.locator("img.qr")).to_be_visible(timeout=SOON_MS)
    assert page.evaluate("document.querySelector('img.qr').naturalWidth > 0"), "the code is no image"

    stack.sandbox.set_state(stack.sandbox.instance("voice_sdr_v4"), "open")

    expect(page.locator(".success")).to_contain_text("Pareado!", timeout=SOON_MS)
    expect(page.locator(".condition")).to_contain_text("Conectado")
    expect(page.locator("img.qr")).to_have_count(0)
    expect(of_connection).to_have_class("finding is-ok", timeout=30_000)


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_axe_finds_nothing_on_what_was_tried(stack: Stack, window: Window, size: tuple[int, int]) -> None:
    page = settings_page(stack, window, size, reduced_motion="reduce")
    say(page, "Oi, quanto custa?")
    expect(page.locator("#rehearsal .by-bot").first).to_be_visible(timeout=SOON_MS)
    page.get_by_text("O que foi perguntado ao modelo").click()

    assert violations(page) == []
