"""People: from the invitation to the first page, the second step at the login, the language."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.conftest import Window
from tests.doors import code
from tests.stack import PASSWORD, Stack


def log_in(page: Page, user: str, password: str = PASSWORD) -> None:
    page.get_by_label("Usuário").fill(user)
    page.get_by_label("Senha", exact=True).fill(password)
    page.get_by_role("button", name="Entrar").click()


def join(stack: Stack, window: Window, name: str, username: str, place: str = "Vendedor") -> Page:
    """A manager invites, and the invited one comes in by the link; gives back the new person's window."""
    anas = window()
    anas.goto(f"{stack.url}/team/")
    anas.get_by_role("link", name="Convidar alguém").click()
    anas.get_by_text(place, exact=True).click()
    anas.get_by_role("button", name="Gerar convite").click()
    link = anas.get_by_label("Link").input_value()
    page = window("")
    page.goto(link)
    page.get_by_label("Seu nome").fill(name)
    page.get_by_label("Usuário").fill(username)
    for label in ("Senha", "Confirmação de senha"):
        page.get_by_label(label, exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Criar minha conta").click()
    page.wait_for_url(f"{stack.url}/")
    return page


def test_from_the_invitation_to_the_first_page(stack: Stack, window: Window) -> None:
    page = join(stack, window, "Nina Souza", "nina")

    expect(page.get_by_text("Boas-vindas, Nina.")).to_be_visible()
    expect(page.locator("#me summary")).to_have_text("Nina Souza")
    page.goto(f"{stack.url}/team/")
    expect(page.get_by_role("heading", name="Você não pode fazer isso")).to_be_visible()


def test_the_second_step_at_the_login_with_the_code_of_an_app_and_with_a_recovery_code(
    stack: Stack, window: Window
) -> None:
    page = join(stack, window, "Otto Reis", "otto")
    page.goto(f"{stack.url}/me/")
    page.get_by_role("link", name="Ativar").click()
    secret = page.locator(".secret").inner_text()
    page.get_by_label("Código").fill(code(secret))
    page.get_by_role("button", name="Ativar").click()
    expect(page.locator(".codes li")).to_have_count(10)
    recovery = page.locator(".codes li").first.inner_text()
    page.get_by_role("link", name="Já guardei").click()

    for typed in (code(secret, steps=1), recovery):
        other = window("")
        other.goto(f"{stack.url}/login/?next=/me/")
        log_in(other, "otto")
        expect(other.get_by_role("heading", name="Segunda etapa")).to_be_visible()
        other.goto(f"{stack.url}/me/")
        expect(other.get_by_label("Usuário")).to_be_visible()
        log_in(other, "otto")
        other.get_by_label("Código").fill(typed)
        other.get_by_role("button", name="Entrar").click()
        expect(other.get_by_role("heading", name="Minha conta")).to_be_visible()


def test_the_language_is_switched_before_and_after_the_login(stack: Stack, window: Window) -> None:
    page = window("")
    page.get_by_role("button", name="English").click()
    expect(page.get_by_role("button", name="Log in")).to_be_visible()
    page.get_by_label("User name").fill("beto")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Show what I type").click()
    expect(page.get_by_label("Password", exact=True)).to_have_attribute("type", "text")
    page.get_by_role("button", name="Log in").click()
    page.goto(f"{stack.url}/me/")
    page.get_by_label("Language").select_option("pt-br")
    page.locator("#main").get_by_text("Dark", exact=True).click()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Salvo.")).to_be_visible()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")


def test_who_is_logged_out_elsewhere_is_out(stack: Stack, window: Window) -> None:
    here, there = window("beto"), window("beto")
    here.goto(f"{stack.url}/me/")
    expect(here.get_by_text("este navegador")).to_have_count(1)

    here.get_by_role("button", name="Sair de todos os outros").click()
    there.goto(f"{stack.url}/me/")

    expect(there.get_by_label("Usuário")).to_be_visible()
    expect(here.get_by_role("heading", name="Minha conta")).to_be_visible()
