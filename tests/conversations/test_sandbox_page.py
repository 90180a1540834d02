"""The newcomer's page in a real browser: it is the lead's phone, on a desk and on a narrow screen."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from conversations.evolution.sandbox import Sandbox
from conversations.evolution.sandbox.leads import Cast
from conversations.evolution.sandbox.seeds import plant
from conversations.evolution.sandbox.server import serve
from conversations.evolution.sandbox.side_door import SideDoor

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on this machine"),
]

Scheme = Literal["light", "dark"]


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """A sandbox with a past and a cast that has not begun."""
    sandbox = Sandbox(["voice_sdr_v4"])
    plant(sandbox)
    door = SideDoor(sandbox, cast=Cast(sandbox), dashboard="http://127.0.0.1:8000")
    server = serve(sandbox, "127.0.0.1", 0, door=door)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield server.url
    server.shutdown()
    server.server_close()
    sandbox.close()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        options = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, headless=True, args=options)
        yield browser
        browser.close()


@pytest.fixture(params=[(1200, "light"), (1200, "dark"), (360, "light"), (360, "dark")], ids=lambda size: str(size))
def page(request: pytest.FixtureRequest, chromium: Browser, url: str) -> Iterator[Page]:
    """The page, listing its people, on one kind of screen."""
    width: int
    scheme: Scheme
    width, scheme = request.param
    context = chromium.new_context(viewport={"width": width, "height": 740}, color_scheme=scheme, locale="pt-BR")
    page = context.new_page()
    page.goto(url)
    expect(page.locator("#chats li")).to_have_count(6)
    yield page
    context.close()


def test_what_the_lead_sent_has_ticks_and_what_it_received_has_none(page: Page) -> None:
    page.get_by_role("button", name="Padaria Estrela").click()

    expect(page.locator(".bubble.mine .ticks")).to_have_count(3)
    expect(page.locator(".bubble:not(.mine)")).to_have_count(2)
    expect(page.locator(".bubble:not(.mine) .ticks")).to_have_count(0)


def test_a_name_with_no_presence_below_it_stands_in_the_middle_of_its_bar(page: Page) -> None:
    page.get_by_role("button", name="Padaria Estrela").click()

    bar, name = page.locator(".bar").bounding_box(), page.locator("#name").bounding_box()
    assert bar is not None
    assert name is not None
    assert name["y"] + name["height"] / 2 == pytest.approx(bar["y"] + bar["height"] / 2, abs=2)


def test_the_heading_takes_one_line_and_its_subtitle_another_and_nothing_is_wider_than_the_screen(page: Page) -> None:
    title, subtitle = page.locator(".top h1").bounding_box(), page.locator(".top p").bounding_box()

    assert title is not None
    assert subtitle is not None
    assert title["height"] < 30
    assert subtitle["height"] < 30
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
