"""The dashboard in a real browser, over the whole product as processes. One stack and one Chromium for all of it."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import APIResponse, Browser, BrowserContext, Page, Route, expect, sync_playwright

from tests.doors import log_in
from tests.stack import PASSWORD, Stack

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here needs a Chromium and starts processes."""
    for item in items:
        if "tests/browser/" in item.nodeid:
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.process)
            item.add_marker(pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on this machine"))


#: Seconds until a screen must have caught up; generous, since the machine may be busy.
SOON_MS = 15_000
DESK, TABLET, PHONE = (1440, 900), (820, 1180), (360, 740)


@pytest.fixture(scope="package")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Everything, running; the bot is on and answers by its offline rules."""
    with Stack(tmp_path_factory.mktemp("browser"), GEMINI_API_KEY="") as running:
        yield running


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """One browser for all; each test opens windows of its own."""
    quiet = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
             "--disable-component-update", "--disable-sync", "--use-fake-device-for-media-stream",
             "--use-fake-ui-for-media-stream")  # fmt: skip
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, headless=True, args=list(quiet))
        yield browser
        browser.close()


Window = Callable[..., Page]

#: What the console must never say: something is forbidden, or a part of a page that is swapped or named is not there.
COMPLAINT = re.compile("Content Security|NoTarget|targetError|no matches")


@pytest.fixture
def window(stack: Stack, chromium: Browser) -> Iterator[Window]:
    """Open a window of its own, logged in as `user` ("" for nobody); afterwards no page may have complained."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def open_one(user: str = "ana", size: tuple[int, int] = DESK, **options: Any) -> Page:
        context = chromium.new_context(viewport={"width": size[0], "height": size[1]}, locale="pt-BR", **options)
        contexts.append(context)
        context.set_default_timeout(SOON_MS)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda said: complaints.append(said.text) if COMPLAINT.search(said.text) else None)
        if user:
            # A session of this window's own; the form itself is `test_people.py`'s.
            with log_in(stack.url, user, PASSWORD) as session:
                known = {str(one.name): str(one.value) for one in session.cookies}
            context.add_cookies([{"name": name, "value": value, "url": stack.url} for name, value in known.items()])
        page.goto(f"{stack.url}/" if user else f"{stack.url}/login/")
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert complaints == []


_numbers = iter(range(10, 1000))


@pytest.fixture
def lead() -> str:
    """A lead nobody has heard of yet."""
    return f"5511987{next(_numbers):06}@s.whatsapp.net"


def bubble(page: Page, text: str) -> Any:
    return page.locator("li.bubble", has_text=text)


def open_conversation(page: Page, name: str) -> None:
    page.get_by_role("link", name=name).first.click()
    expect(page.get_by_role("heading", name=name)).to_be_visible()
    expect(page.locator("#live")).to_have_text("ao vivo", timeout=SOON_MS)


def quiet(stack: Stack, lead: str, name: str) -> None:
    """A conversation of the past: the lead has the last word, and no webhook told of it."""
    stack.sandbox.lead_writes(lead, "obrigada", name=name, at=stack.sandbox.clock() - 86_400 * 3, webhook=False)


def hand_back(page: Page, agreed: str = "") -> None:
    """Press *Devolver*, with a word of what was agreed if there is one."""
    page.locator("#hand-back-menu summary").click()
    page.get_by_label("O que ficou combinado?").fill(agreed)
    page.get_by_role("button", name="Devolver ao bot").click()


class Held:
    """The next request of `page` to `address`, on a slow line: its answer is there, and the page waits for it."""

    def __init__(self, page: Page, address: str) -> None:
        self._page = page
        self._held: list[tuple[Route, APIResponse]] = []
        page.route(address, lambda route: self._held.append((route, route.fetch())), times=1)

    def wait(self) -> None:
        """Until the server has answered."""
        for _ in range(SOON_MS // 50):
            if self._held:
                return
            self._page.wait_for_timeout(50)
        raise AssertionError("nobody asked")

    def let_go(self) -> None:
        """The page gets the answer."""
        route, answer = self._held[0]
        route.fulfill(response=answer)


def settle(page: Page) -> None:
    """Wait until the page is live, if it is one that is, and has read what it reads by itself."""
    if page.locator("body[data-stream]").count():
        expect(page.locator("#live")).to_have_text("ao vivo", timeout=SOON_MS)
    for late in (".lead-loading:visible", ".htmx-request"):
        expect(page.locator(late)).to_have_count(0, timeout=SOON_MS)


#: What makes one scroll a page sideways; nothing where one need not.
STICKING_OUT = """() => {
  if (document.documentElement.scrollWidth <= innerWidth) return [];
  const seen = [...document.querySelectorAll("body *")].filter((one) => one.checkVisibility());
  const out = seen.filter((one) => one.getBoundingClientRect().right > innerWidth);
  return ["somewhere", ...out.map((one) => one.outerHTML.slice(0, 90)).slice(0, 3)];
}"""

#: Until the page has been drawn as it is: the frame of a change may still have colours from before it.
DRAWN = "() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))"


#: Beside axe's own choice of rules: WCAG 2.2's size of what is pressed, which axe leaves out by itself.
RULES = {"rules": {"target-size": {"enabled": True}}}


def axe(page: Page) -> list[str]:
    """What axe has to say about the page as it is."""
    seen = Axe().run(page, options=RULES).response["violations"]
    return [f"{one['id']}: {node['html'][:90]}" for one in seen for node in one["nodes"]]


def violations(page: Page) -> list[str]:
    """What axe has to say in each colour scheme, and whether one has to scroll sideways.

    The window is as high as the page: at the place one has scrolled to, a bar may lie over half of a button.
    """
    found = []
    size = page.viewport_size
    assert size is not None
    page.set_viewport_size({**size, "height": page.evaluate("document.documentElement.scrollHeight")})
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        page.evaluate(DRAWN)
        found += [f"{scheme}: {one}" for one in axe(page)]
    found += [f"wider than the screen: {one}" for one in page.evaluate(STICKING_OUT)]
    page.set_viewport_size(size)
    return found
