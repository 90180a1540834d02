"""What one writes, has opened or records is not lost, and keeps the focus, when what is around it comes anew."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page, expect

from tests.browser.conftest import SOON_MS, Held, Window, bubble, quiet
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


# --------------------------------------------------------------------------------------------- words, menus, the focus


# ----------------------------------------------------------------------------------------------- files and recordings


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
