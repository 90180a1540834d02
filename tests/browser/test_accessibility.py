"""axe finds nothing on any page, light and dark, at a desk and on a phone, nor on what opens over a page."""

from __future__ import annotations

import pytest
from django.template.loader import render_to_string
from playwright.sync_api import Page, expect

from conversations.evolution.sandbox import samples
from tests.browser.conftest import DESK, PHONE, Window, quiet, settle, violations
from tests.browser.test_people import join, log_in
from tests.doors import PROTECTED, Doors, code
from tests.pages import MORE_PAGES, PAGES, PUBLIC
from tests.stack import PASSWORD, Stack


@pytest.fixture(scope="module")
def doors(stack: Stack) -> dict[str, str]:
    """What to put into the addresses."""
    return Doors(stack.url, stack.browser(), PASSWORD).parts()


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_axe_finds_nothing_on_any_page_and_none_is_wider_than_the_screen(
    stack: Stack, window: Window, lead: str, doors: dict[str, str], size: tuple[int, int]
) -> None:
    quiet(stack, lead, "Lia Castro")
    parts = {**doors, "conversation": stack.page(lead).split("/c/")[1].rstrip("/")}
    somebody, nobody = window("ana", size, reduced_motion="reduce"), window("", size, reduced_motion="reduce")
    owe_a_code(nobody)
    found = {}

    for name, address in {**PAGES, **MORE_PAGES}.items():
        page = nobody if name in PUBLIC else somebody
        page.goto(stack.url + address.format(**parts))
        settle(page)
        assert page.locator("#me").count() == (name not in PUBLIC), f"{name} is not the page it should be: {page.url}"
        found[name] = violations(page)

    assert found == dict.fromkeys(found, [])


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_axe_finds_nothing_on_what_a_form_answers_and_on_what_went_wrong(
    stack: Stack, window: Window, lead: str, size: tuple[int, int]
) -> None:
    manager, nobody = window("ana", size), window("", size)
    newcomer = join(stack, window, "Nara Luz", f"nara{size[0]}")
    newcomer.set_viewport_size({"width": size[0], "height": size[1]})
    found = {}

    def look(page: Page, heading: str) -> None:
        expect(page.get_by_role("heading", name=heading)).to_be_visible()
        settle(page)
        found[heading] = violations(page)

    manager.goto(f"{stack.url}/team/invite/")
    manager.get_by_text("Vendedor", exact=True).click()
    manager.get_by_role("button", name="Gerar convite").click()
    look(manager, "O convite está pronto")

    newcomer.goto(f"{stack.url}/me/second-factor/")
    newcomer.get_by_label("Código").fill(code(newcomer.locator(".secret").inner_text()))
    newcomer.get_by_role("button", name="Ativar").click()
    look(newcomer, "Códigos de recuperação")

    newcomer.goto(f"{stack.url}/team/")
    look(newcomer, "Você não pode fazer isso")

    for _ in range(5):
        nobody.goto(f"{stack.url}/login/")
        log_in(nobody, f"ninguém{size[0]}", "errada")
    look(nobody, "Muitas tentativas erradas")

    nobody.goto(f"{stack.url}/login/")
    nobody.context.clear_cookies()
    log_in(nobody, "ana")
    look(nobody, "Esta página expirou")

    file = stack.sandbox.lead_sends(lead, samples.photo(int(stack.sandbox.clock())), name="Rita", webhook=False)
    stack.sandbox.failures.switch({"media_fails": True})
    manager.goto(f"{stack.page(lead)}media/{file}/?download")
    stack.sandbox.failures.switch({"media_fails": False})
    look(manager, "O arquivo não está aqui")

    # What was not foreseen cannot be brought about.
    broken = window("ana", size, service_workers="block")
    broken.route("**/broken/", lambda route: route.fulfill(status=500, body=render_to_string("500.html"),
                                                          content_type="text/html"))  # fmt: skip
    broken.goto(f"{stack.url}/broken/")
    look(broken, "Algo deu errado do nosso lado")

    assert found == dict.fromkeys(found, [])


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_axe_finds_nothing_on_what_opens_over_a_page(
    stack: Stack, window: Window, lead: str, size: tuple[int, int]
) -> None:
    quiet(stack, lead, "Lino Prates")
    page = window("ana", size, reduced_motion="reduce")
    page.goto(stack.page(lead))
    settle(page)
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
    page.keyboard.type("Lino")
    expect(page.get_by_role("option", name="Lino Prates").first).to_be_visible()
    found["palette"] = violations(page)
    page.keyboard.press("Escape")
    for part in ("ask", "over", "trouble", "calls"):
        page.locator(f"#{part}").evaluate("part => { part.hidden = false; part.append(' 2'); }")
    found["notices"] = violations(page)

    assert found == dict.fromkeys(found, [])


#: How wide the border is that one can take hold of.
GRIP = """() => {
  const { left, top, height } = document.querySelector(".divider").getBoundingClientRect();
  const isGrip = (x) => document.elementFromPoint(left + x, top + height / 2)?.matches(".divider");
  return Array.from({ length: 100 }, (_, n) => n - 50).filter(isGrip).length;
}"""


def test_the_border_of_the_list_is_wide_enough_to_be_taken_hold_of(stack: Stack, window: Window, lead: str) -> None:
    """axe takes it for no control."""
    quiet(stack, lead, "Laura Pinho")
    page = window()
    page.goto(stack.page(lead))
    settle(page)

    assert page.evaluate(GRIP) >= 24


#: How often each thing that moves is to move, of what moves without an end for everybody else.
MOVING = """() => {
  document.querySelector("main").insertAdjacentHTML("beforeend", '<i class="pulse"></i><i class="recorder-dot"></i>');
  document.querySelector(".search").classList.add("htmx-request");
  return document.getAnimations().map((one) => one.effect.getComputedTiming().iterations);
}"""


def test_for_who_wants_less_motion_nothing_moves_without_an_end(stack: Stack, window: Window, lead: str) -> None:
    quiet(stack, lead, "Lena Duarte")
    page = window(reduced_motion="reduce")
    page.goto(stack.page(lead))
    settle(page)

    assert float("inf") not in page.evaluate(MOVING)
    page.emulate_media(reduced_motion="no-preference")
    assert page.evaluate(MOVING).count(float("inf")) >= 3


def owe_a_code(page: Page) -> None:
    """The first step of a login that has two: nobody is in yet, and the page for the code is shown."""
    page.get_by_label("Usuário").fill(PROTECTED)
    page.get_by_label("Senha", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Entrar").click()
    expect(page.get_by_role("heading", name="Segunda etapa")).to_be_visible()
