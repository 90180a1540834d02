"""What holds the pages together: a screen that is true, that calls, is worked by keys, and can be installed."""

from __future__ import annotations

import re
from datetime import datetime
from zoneinfo import ZoneInfo

from playwright.sync_api import Page, expect

from tests.browser.conftest import PHONE, SOON_MS, Window, bubble, quiet
from tests.stack import Stack, eventually

SAO_PAULO = ZoneInfo("America/Sao_Paulo")

#: Something to do on a page that needs nobody: a button with a key.
WAVING = """() => {
  const button = document.createElement("button");
  button.dataset.key = "y";
  button.textContent = "Acenar";
  button.addEventListener("click", () => { document.title = "acenou"; });
  document.querySelector("main").append(button);
}"""


def live(stack: Stack, page: Page, lead: str) -> None:
    page.goto(lead if lead.startswith("http") else stack.page(lead))
    expect(page.locator("#live")).to_have_text("ao vivo", timeout=SOON_MS)


# ---------------------------------------------------------------------------------------------------------------- truth


def test_a_dead_network_is_told_and_nothing_that_came_meanwhile_is_lost(
    stack: Stack, window: Window, lead: str
) -> None:
    quiet(stack, lead, "Rita Nunes")
    page = window()
    live(stack, page, lead)
    loaded = page.evaluate("window.loadedOnce = performance.timeOrigin")

    page.context.set_offline(True)
    expect(page.locator("#live")).to_have_text("reconectando…", timeout=SOON_MS)
    stack.sandbox.lead_writes(lead, "no túnel", name="Rita Nunes")
    page.locator("#connections summary").click()
    expect(page.locator("#screen-state")).to_contain_text("pode estar desatualizado")
    page.context.set_offline(False)

    expect(page.locator("#live")).to_have_text("ao vivo", timeout=SOON_MS)
    expect(bubble(page, "no túnel")).to_have_count(1, timeout=SOON_MS)
    stack.sandbox.lead_writes(lead, "depois do túnel", name="Rita Nunes")
    expect(bubble(page, "depois do túnel")).to_have_count(1, timeout=SOON_MS)
    assert page.evaluate("window.loadedOnce") == loaded


def test_a_screen_that_stands_still_says_since_when_at_the_persons_place_and_wakes_with_what_came(
    stack: Stack, window: Window, lead: str
) -> None:
    quiet(stack, lead, "Rosa Meira")
    page = window(timezone_id="Asia/Tokyo")
    page.clock.install()
    heard_at = {f"{datetime.now(SAO_PAULO):%H:%M}"}
    live(stack, page, lead)

    page.context.set_offline(True)
    expect(page.locator("#live")).to_have_text("reconectando…", timeout=SOON_MS)
    heard_at.add(f"{datetime.now(SAO_PAULO):%H:%M}")
    stack.sandbox.lead_writes(lead, "no sono", name="Rosa Meira")
    page.clock.fast_forward("10:00")

    expect(page.locator("#live")).to_have_text(re.compile(f"^parado desde ({'|'.join(heard_at)})$"), timeout=SOON_MS)
    page.context.set_offline(False)
    expect(page.locator("#live")).to_have_text("ao vivo", timeout=SOON_MS)
    expect(bubble(page, "no sono")).to_have_count(1, timeout=SOON_MS)


def test_a_session_that_ended_says_so_and_leads_to_the_login(stack: Stack, window: Window, lead: str) -> None:
    quiet(stack, lead, "Saulo Reis")
    page = window()
    live(stack, page, lead)

    page.get_by_label("Sua resposta").fill("Segue a propos")
    page.context.clear_cookies()
    page.evaluate("htmx.trigger('#refresh-list', 'again')")
    page.context.set_offline(True)
    page.context.set_offline(False)

    expect(page.locator("#live")).to_have_text("sessão encerrada", timeout=SOON_MS)
    expect(page.get_by_label("Sua resposta")).to_have_value("Segue a propos")
    page.get_by_role("link", name="Entrar de novo").click()
    expect(page.get_by_label("Senha")).to_be_visible()
    assert "next=/c/" in page.url


def test_a_number_without_connection_is_a_warning_in_the_bar_and_in_words(
    stack: Stack, window: Window, lead: str
) -> None:
    quiet(stack, lead, "Tina Melo")
    page = window()
    live(stack, page, lead)

    stack.sandbox.set_state(stack.sandbox.instance("voice_sdr_v4"), "close")
    try:
        expect(page.locator("#trouble")).to_have_text("número sem conexão", timeout=SOON_MS)
        page.locator("#connections summary").click()
        expect(page.locator("#connections-part")).to_contain_text("sem conexão com o WhatsApp")
        expect(page.locator("link[rel=icon]")).to_have_attribute("href", re.compile("icon-dot"))
    finally:
        stack.sandbox.set_state(stack.sandbox.instance("voice_sdr_v4"), "open")
    expect(page.locator("#trouble")).to_be_hidden(timeout=SOON_MS)


def throw_the_switch(stack: Stack, on: str) -> None:
    session = stack.browser()
    data = {"csrfmiddlewaretoken": session.cookies["csrftoken"], "instance": "", "on": on, "waiting": "leave"}
    assert session.post(f"{stack.url}/switch/", data=data, headers={"Referer": stack.url}, timeout=20).ok


def test_that_the_bot_is_off_is_said_on_every_page_and_no_form_is_lost(stack: Stack, window: Window) -> None:
    queue, settings = window(), window("beto")
    queue.goto(f"{stack.url}/queue/")
    settings.goto(f"{stack.url}/bot/")
    settings.get_by_label("Nome do bot").fill("Beatriz")
    for page in (queue, settings):
        expect(page.locator("#live")).to_have_text("ao vivo", timeout=SOON_MS)

    throw_the_switch(stack, "0")
    try:
        for page in (queue, settings):
            expect(page.locator("#notices")).to_contain_text("O bot está desligado", timeout=SOON_MS)
            expect(page.locator(".switch-words")).to_have_text("Bot desligado")
        expect(settings.get_by_label("Nome do bot")).to_have_value("Beatriz")
    finally:
        throw_the_switch(stack, "1")
    for page in (queue, settings):
        expect(page.locator("#notices")).not_to_contain_text("desligado", timeout=SOON_MS)


def test_the_page_about_a_lead_is_live(stack: Stack, window: Window, lead: str) -> None:
    quiet(stack, lead, "Zeca Brito")
    page = window()
    live(stack, page, f"{stack.page(lead)}lead/")

    with page.expect_response(lambda answer: answer.request.headers.get("hx-target") == "lead-bot"):
        stack.act(lead, "take-over", by=stack.browser("beto"))
    expect(page.locator("#lead-history")).to_contain_text("Beto", timeout=SOON_MS)
    expect(page.locator(".htmx-request, .htmx-added")).to_have_count(0)
    page.get_by_label("Aprovar respostas do bot").select_option(label="sempre")

    expect(page.locator("#toasts")).to_contain_text("uma pessoa aprova")


# ------------------------------------------------------------------------------------------------------------ attention


def test_a_lead_who_wants_a_person_is_told_by_title_icon_and_once_by_sound(
    stack: Stack, window: Window, lead: str
) -> None:
    quiet(stack, lead, "Ugo Prado")
    page = window()
    page.locator("#me summary").click()
    with page.expect_response("**/prefer/"):
        page.get_by_role("button", name="Som").click()
    expect(page.get_by_role("button", name="Som")).to_have_attribute("aria-pressed", "true")
    page.context.add_init_script("window.rang = []; document.addEventListener('rang', e => rang.push(...e.detail))")
    page.reload()
    other = page.context.new_page()
    other.goto(stack.url)
    for one in (page, other):
        expect(one.locator("#live")).to_have_text("ao vivo", timeout=SOON_MS)
        expect(one.locator("#attention")).to_have_attribute("data-sound", "1")
    conversation = stack.page(lead).rstrip("/").rpartition("/")[2]

    stack.sandbox.lead_writes(lead, "Quero falar com uma pessoa", name="Ugo Prado")

    for one in (page, other):
        expect(one).to_have_title(re.compile(r"^\(\d+\) Conversas"), timeout=SOON_MS)
        expect(one.locator("link[rel=icon]")).to_have_attribute("href", re.compile("icon-dot"))
    rung = eventually(lambda: [one for one in (page, other) if conversation in one.evaluate("rang")])
    assert len(rung) == 1
    other.reload()
    expect(other).to_have_title(re.compile(r"^\(\d+\) Conversas"), timeout=SOON_MS)
    assert other.evaluate("rang") == []


#: What a browser shows and plays, noted instead: `shown` has the notifications, `played` the notes of the sound. The
#: permission is `allowed`, and asking for it grants it.
NOTED = """() => {
  window.shown = [];
  window.played = 0;
  window.allowed = localStorage.getItem("allowed") ?? "default";
  Object.defineProperty(Notification, "permission", { get: () => allowed });
  Notification.requestPermission = async () => (allowed = "granted");
  ServiceWorkerRegistration.prototype.showNotification = async (title, facts) => shown.push([title, facts.data.url]);
  window.AudioContext = class {
    state = "running";
    currentTime = 0;
    createOscillator = () => ({ frequency: {}, connect: (to) => to, start: () => (played += 1), stop: () => {} });
    createGain = () => {
      const gain = { setValueAtTime: () => {}, exponentialRampToValueAtTime: () => {} };
      return { gain, connect: () => {} };
    };
  };
}"""


def noted(stack: Stack, window: Window, allowed: str) -> Page:
    """Olga's list, in a browser that notes what it would show and play."""
    page = window("olga", permissions=["notifications"])
    page.context.add_init_script(f"({NOTED})()")
    page.evaluate("allowed => localStorage.setItem('allowed', allowed)", allowed)
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    page.reload()
    expect(page.locator("#live")).to_have_text("ao vivo", timeout=SOON_MS)
    return page


def prefer(stack: Stack, **chosen: str) -> None:
    """As Olga would in another browser."""
    session = stack.browser("olga")
    data = {"csrfmiddlewaretoken": session.cookies["csrftoken"], **chosen}
    assert session.post(f"{stack.url}/prefer/", data=data, headers={"Referer": stack.url}, timeout=20).ok


def test_a_lead_who_wants_a_person_is_told_by_a_notification_and_a_sound(
    stack: Stack, window: Window, lead: str
) -> None:
    prefer(stack, notifications="1")
    prefer(stack, sound="1")
    quiet(stack, lead, "Zilda Rego")
    page = noted(stack, window, "granted")

    stack.sandbox.lead_writes(lead, "Quero falar com uma pessoa", name="Zilda Rego")

    address = stack.page(lead).removeprefix(stack.url)
    eventually(lambda: ["Aguardando pessoa", address] in page.evaluate("shown"))
    assert page.evaluate("played") > 0
    # As if it was pressed; only a person's press may bring a window to the front.
    (worker,) = page.context.service_workers
    worker.evaluate("WindowClient.prototype.focus = async () => {}")
    worker.evaluate("address => show(address)", address)
    expect(page.get_by_role("heading", name="Zilda Rego")).to_be_visible()


def test_what_this_browser_was_not_asked_or_refuses_is_not_said_to_be_on(
    stack: Stack, window: Window, lead: str
) -> None:
    prefer(stack, notifications="1")
    prefer(stack, sound="1")
    stack.sandbox.lead_writes(lead, "Quero falar com uma pessoa", name="Zenaide Luz")
    eventually(lambda: stack.control(lead, "mode") == "waiting")
    page = noted(stack, window, "default")
    switch = page.locator("#me").get_by_role("button", name="Notificações")

    page.locator("#me summary").click()
    expect(switch).to_have_attribute("aria-pressed", "false")
    page.locator("#me summary").click()
    expect(page.get_by_role("button", name="Com som")).to_be_hidden()
    page.get_by_role("button", name="Com notificação").click()
    expect(page.locator("#ask")).to_be_hidden()
    page.locator("#me summary").click()
    expect(switch).to_have_attribute("aria-pressed", "true")

    page = noted(stack, window, "denied")
    expect(page).to_have_title(re.compile(r"^\(\d+\)"), timeout=SOON_MS)
    expect(page.locator("#ask")).to_be_hidden()
    page.locator("#me summary").click()
    expect(page.locator("#me").get_by_role("button", name="Notificações")).to_have_attribute("aria-pressed", "false")
    expect(page.locator("#me [data-refused]")).to_be_visible()


def test_without_valkey_the_screen_says_that_it_stands_still_and_calls(stack: Stack, window: Window) -> None:
    prefer(stack, notifications="1")
    page = noted(stack, window, "granted")
    assert stack.valkey

    stack.valkey.stop()
    try:
        expect(page.locator("#live")).to_have_text("reconectando…", timeout=SOON_MS)
        # Past the next ping of the server.
        expect(page.locator("#live")).to_contain_text("parado desde", timeout=SOON_MS * 3)
        eventually(lambda: ["Esta tela não está ao vivo", ""] in page.evaluate("shown"))
    finally:
        stack.start_valkey()
        eventually(lambda: stack.redis().exists("sdr:1:worker:any"), why="the worker does not come back")
    expect(page.locator("#live")).to_have_text("ao vivo", timeout=SOON_MS)


def test_whoever_is_not_called_yet_is_asked_once_and_politely(stack: Stack, window: Window, lead: str) -> None:
    quiet(stack, lead, "Vera Luz")
    stack.sandbox.lead_writes(lead, "Quero falar com uma pessoa", name="Vera Luz")
    eventually(lambda: stack.control(lead, "mode") == "waiting")
    page = window("beto")

    expect(page.locator("#ask")).to_be_visible(timeout=SOON_MS)
    assert page.evaluate("Notification.permission") != "granted"
    page.get_by_role("button", name="Agora não").click()
    page.reload()
    expect(page).to_have_title(re.compile(r"^\(\d+\)"), timeout=SOON_MS)

    expect(page.locator("#ask")).to_be_hidden()


def test_on_a_phone_the_question_is_one_line_and_is_not_put_for_ever(stack: Stack, window: Window, lead: str) -> None:
    stack.sandbox.lead_writes(lead, "Quero falar com uma pessoa", name="Xavier Reis")
    eventually(lambda: stack.control(lead, "mode") == "waiting")
    page = window("beto", PHONE)

    for _time in range(3):
        expect(page.locator("#ask")).to_be_visible(timeout=SOON_MS)
        assert page.locator("#ask").bounding_box()["height"] < 60  # type: ignore[index]  # it is visible
        expect(page.get_by_role("button", name="Agora não")).to_be_visible()
        page.reload()
    expect(page).to_have_title(re.compile(r"^\(\d+\)"), timeout=SOON_MS)

    expect(page.locator("#ask")).to_be_hidden()


def test_the_chip_opens_who_waits_longest_and_is_no_page_of_the_palette(
    stack: Stack, window: Window, lead: str
) -> None:
    # Longer than anybody else who is not given up yet.
    at = stack.sandbox.clock() - 11 * 3600
    stack.sandbox.lead_writes(lead, "alguém?", name="Ximena Rocha", at=at, webhook=False)
    page = window()
    live(stack, page, lead)
    page.locator("#act-take-over").click()
    expect(page.locator("#control")).to_contain_text("Esta conversa está com você.")
    page.goto(stack.url)

    expect(page.locator("#calls")).to_have_attribute("title", re.compile("mais de 10 min"), timeout=SOON_MS)
    page.keyboard.press("Control+k")
    expect(page.get_by_role("option", name="Auditoria")).to_be_visible()
    assert page.get_by_role("option", name=re.compile("10 min|à sua espera")).count() == 0
    page.keyboard.press("Escape")
    page.locator("#calls").click()

    expect(page.get_by_role("heading", name="Ximena Rocha")).to_be_visible()


#: What lies over something else in the bar, or sticks out of it, when it has the most to say.
IN_EACH_OTHERS_WAY = """() => {
  const calls = document.getElementById("calls");
  calls.hidden = false;
  calls.removeAttribute("data-only-waiting");
  calls.querySelector(".count").textContent = "12";
  document.querySelector(".switch-words").textContent = "Bot desligado";
  const boxes = [...document.querySelectorAll(".brand, .nav > *, .top-end summary, .calls, .find")]
    .filter((one) => one.checkVisibility()).map((one) => [one.textContent.trim(), one.getBoundingClientRect()]);
  boxes.sort((one, other) => one[1].left - other[1].left);
  const over = boxes.slice(1).filter(([, box], at) => box.left < boxes[at][1].right - 1);
  return [...over, ...boxes.filter(([, box]) => box.right > innerWidth)].map(([words]) => words);
}"""


def test_nothing_in_the_bar_lies_over_anything_else(stack: Stack, window: Window, lead: str) -> None:
    quiet(stack, lead, "Yara Lobo")
    page = window()
    live(stack, page, lead)

    for width in (1600, 1440, 1410, 1400, 1280, 1240, 1200, 1024, 820, 768, 767, 360):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate(IN_EACH_OTHERS_WAY) == [], width
    page.set_viewport_size({"width": 1280, "height": 800})
    expect(page.locator(".nav").get_by_text("Auditoria")).to_be_in_viewport()
    assert page.locator(".nav").get_by_text("Auditoria").bounding_box()["width"] > 40  # type: ignore[index]


# ------------------------------------------------------------------------------------------------------------- keyboard


def test_the_list_is_walked_and_an_answer_begun_by_keys(stack: Stack, window: Window, lead: str) -> None:
    quiet(stack, lead, "Wanda Sá")
    page = window()
    live(stack, page, lead)
    page.locator("#main").focus()

    page.keyboard.press("j")
    first = page.evaluate("document.activeElement.id")
    page.keyboard.press("k")
    assert first.startswith("row-")
    page.keyboard.press("r")
    expect(page.locator("#text")).to_be_focused()
    page.keyboard.type("jk?")
    expect(page.locator("#text")).to_have_value("jk?")
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Atalhos do teclado")).to_be_visible()
    expect(page.locator("#keys kbd", has_text=re.compile("^r$"))).to_have_count(1)
    page.get_by_role("button", name="Atalhos de uma tecla só").click()
    page.get_by_role("button", name="Fechar").click()
    page.keyboard.press("?")

    expect(page.get_by_role("dialog")).to_have_count(0)
    page.keyboard.press("Control+k")
    expect(page.get_by_role("dialog")).to_have_count(1)
    page.keyboard.press("Escape")
    page.locator("#me summary").click()
    page.get_by_role("button", name="Atalhos do teclado").click()
    page.get_by_role("button", name="Atalhos de uma tecla só").click()


def test_the_focus_stays_on_its_row_while_the_list_is_read_again(stack: Stack, window: Window, lead: str) -> None:
    quiet(stack, lead, "Xavier Lobo")
    page = window()
    live(stack, page, f"{stack.page(lead)}?q=Xavier")
    row = page.locator("#list a.row", has_text="Xavier Lobo")
    row.focus()

    stack.sandbox.lead_writes(lead, "voltei", name="Xavier Lobo")

    expect(row).to_contain_text("voltei", timeout=SOON_MS)
    expect(row).to_be_focused()


def test_the_palette_goes_to_a_conversation_and_acts_without_a_network(stack: Stack, window: Window, lead: str) -> None:
    quiet(stack, lead, "Zuleica Antunes")
    page = window()
    live(stack, page, lead)
    page.goto(stack.url)

    page.keyboard.press("Control+k")
    page.keyboard.type("zulei")
    expect(page.get_by_role("option", name="Zuleica Antunes")).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Zuleica Antunes")).to_be_visible()
    assert "ulei" not in page.url

    page.context.set_offline(True)
    page.evaluate(WAVING)
    page.keyboard.press("Control+k")
    page.keyboard.type("acen")
    expect(page.locator("#palette-word")).to_contain_text("sem conexão")
    page.keyboard.press("Enter")

    expect(page).to_have_title("acenou")


# ------------------------------------------------------------------------------------------------ themes and installing


def test_a_theme_is_chosen_with_one_click_and_stays(window: Window) -> None:
    page = window("beto", color_scheme="light")
    page.locator("#me summary").click()
    with page.expect_response("**/prefer/"):
        page.get_by_role("button", name="Claro").click()
    light = page.evaluate("getComputedStyle(document.body.querySelector('.top')).backgroundColor")

    with page.expect_response("**/prefer/"):
        page.get_by_role("button", name="Escuro").click()
    dark = page.evaluate("getComputedStyle(document.body.querySelector('.top')).backgroundColor")
    page.reload()

    assert light != dark
    assert page.evaluate("getComputedStyle(document.body.querySelector('.top')).backgroundColor") == dark
    page.locator("#me summary").click()
    with page.expect_response("**/prefer/"):
        page.get_by_role("button", name="Automático").click()


def test_without_a_network_the_application_says_so_and_has_kept_no_conversation(
    stack: Stack, window: Window, lead: str
) -> None:
    quiet(stack, lead, "Yara Pinho")
    page = window("ana", PHONE)
    page.goto(stack.page(lead))
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    page.reload()
    expect(page.locator("#live")).to_have_text("ao vivo", timeout=SOON_MS)

    page.context.set_offline(True)
    page.goto(stack.page(lead))

    expect(page.get_by_role("heading", name="Sem conexão")).to_be_visible()
    kept = page.evaluate(
        "caches.keys().then(names => Promise.all(names.map(name => caches.open(name).then(c => c.keys()))))"
        ".then(all => all.flat().map(request => new URL(request.url).pathname).sort())"
    )
    assert kept == ["/offline/", "/static/conversations/base.css", "/static/conversations/tokens.css"]
