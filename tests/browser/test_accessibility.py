"""axe finds nothing on any page, light and dark, at a desk and on a phone, nor on what opens over a page."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.conftest import DESK, PHONE, SOON_MS, Window, quiet
from tests.pages import MORE_PAGES, PAGES, PUBLIC
from tests.stack import Stack


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESK, PHONE])
def test_axe_finds_nothing_on_any_page(
    stack: Stack, window: Window, lead: str, scheme: str, size: tuple[int, int]
) -> None:
    quiet(stack, lead, "Lia Castro")
    conversation = stack.page(lead).split("/c/")[1].rstrip("/")
    nobody, somebody = window("", size, color_scheme=scheme), window("ana", size, color_scheme=scheme)
    found = {}
    for name, address in {**PAGES, **MORE_PAGES}.items():
        page = nobody if name in PUBLIC else somebody
        page.goto(stack.url + address.replace("{conversation}", conversation))
        if page.locator("body[data-stream]").count():
            expect(page.locator("#live")).to_have_text("ao vivo", timeout=SOON_MS)
        found[name] = violations(page)

    assert found == dict.fromkeys(found, [])


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESK, PHONE])
def test_axe_finds_nothing_on_what_opens_over_a_page(
    stack: Stack, window: Window, lead: str, scheme: str, size: tuple[int, int]
) -> None:
    quiet(stack, lead, "Lino Prates")
    page = window("ana", size, color_scheme=scheme)
    page.goto(stack.page(lead))
    expect(page.locator("#live")).to_have_text("ao vivo", timeout=SOON_MS)
    found = {}

    page.locator("#connections summary").click()
    expect(page.locator("#connections-part")).to_contain_text("conectado ao WhatsApp")
    found["connections"] = violations(page)
    page.keyboard.press("Escape")
    page.locator("#me summary").click()
    found["menu"] = violations(page)
    page.keyboard.press("Escape")
    page.locator("#main").focus()
    page.keyboard.press("?")
    found["keys"] = violations(page)
    page.keyboard.press("Escape")
    page.keyboard.press("Control+k")
    expect(page.get_by_role("option", name="Lino Prates")).to_be_visible()
    found["palette"] = violations(page)
    page.keyboard.press("Escape")
    for part in ("ask", "over", "trouble", "calls"):
        page.locator(f"#{part}").evaluate("part => { part.hidden = false; part.append(' 2'); }")
    found["notices"] = violations(page)

    assert found == dict.fromkeys(found, [])


def violations(page: Page) -> list[str]:
    result = Axe().run(page)
    return [f"{one['id']}: {node['html'][:60]}" for one in result.response["violations"] for node in one["nodes"]]
