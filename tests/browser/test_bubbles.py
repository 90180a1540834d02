"""What was said, in a browser: heard, looked at, read up, jumped to."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from conversations.evolution.sandbox import samples
from tests.browser.conftest import SOON_MS, Window, bubble, quiet
from tests.stack import Stack

DAY = 86_400


def opened(stack: Stack, window: Window, lead: str, user: str = "ana") -> Page:
    page = window(user)
    page.goto(stack.page(lead))
    expect(page.locator("#live")).to_have_text("ao vivo", timeout=SOON_MS)
    return page


def long_past(stack: Stack, lead: str, number: int) -> list[str]:
    """`number` messages of some days ago, oldest first; no webhook told of them."""
    start = stack.sandbox.clock() - DAY * 3
    return [
        stack.sandbox.lead_writes(lead, f"mensagem número {n}", name="Sílvia", at=start + n * 20, webhook=False)
        for n in range(number)
    ]


def test_a_voice_note_plays_seeks_and_keeps_its_speed(stack: Stack, window: Window, lead: str) -> None:
    at = int(stack.sandbox.clock()) - DAY * 3
    for later in (0, 60):
        stack.sandbox.lead_sends(lead, samples.voice(at), name="Rita", at=at + later, webhook=False)
    page = opened(stack, window, lead)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/media/" in request.url else None)
    first, second = page.locator(".player").nth(0), page.locator(".player").nth(1)
    expect(first.locator(".player-time")).to_have_text("0:09")
    assert asked == []

    first.get_by_role("button", name="Ouvir").click()
    expect(first.get_by_role("button", name="Pausar")).to_be_visible()
    expect(first.locator(".player-time")).to_have_text(re.compile("^0:0[1-8]$"), timeout=SOON_MS)
    first.get_by_role("slider").focus()
    page.keyboard.press("End")
    expect(first.get_by_role("button", name="Ouvir")).to_be_visible(timeout=SOON_MS)
    first.get_by_role("slider").fill("6")
    expect(first.locator(".player-time")).to_have_text("0:06")
    first.get_by_role("button", name="Ouvir").click()
    expect(first.locator(".player-time")).to_have_text(re.compile("^0:0[78]$"), timeout=SOON_MS)
    second.get_by_role("button", name="Ouvir").click()
    expect(first.get_by_role("button", name="Ouvir")).to_be_visible()
    expect(second.get_by_role("button", name="Pausar")).to_be_visible()
    second.locator(".speed").click()
    expect(first.locator(".speed")).to_have_text("1,5×")
    page.reload()
    expect(page.locator(".speed").first).to_have_text("1,5×")


def test_photos_are_looked_at_with_the_keyboard(stack: Stack, window: Window, lead: str) -> None:
    at = int(stack.sandbox.clock()) - DAY * 3
    for number, make in enumerate((samples.receipt, samples.photo)):
        stack.sandbox.lead_sends(lead, make(at), name="Rita", at=at + number, webhook=False)
    page = opened(stack, window, lead)
    photos = page.locator("a.photo")
    expect(photos).to_have_count(2)

    photos.nth(0).focus()
    page.keyboard.press("Enter")
    expect(page.locator("#lightbox")).to_be_visible()
    expect(page.locator("#lightbox-words")).to_have_text("Segue o comprovante do Pix ✅")
    page.keyboard.press("ArrowRight")
    expect(page.locator("#lightbox-words")).to_have_text("")
    with page.expect_download() as saved:
        page.locator("#lightbox-download").click()
    assert saved.value.suggested_filename.endswith(".png")
    page.keyboard.press("Escape")
    expect(page.locator("#lightbox")).to_be_hidden()
    expect(photos.nth(1)).to_be_focused()


def test_a_file_that_whatsapp_dropped_is_explained_and_tried_again(stack: Stack, window: Window, lead: str) -> None:
    at = int(stack.sandbox.clock()) - DAY * 3
    stack.sandbox.lead_sends(lead, samples.photo(at), name="Rita", at=at, webhook=False)
    stack.sandbox.failures.switch({"media_fails": True})
    page = opened(stack, window, lead)
    expect(page.locator(".file-why")).to_contain_text("O WhatsApp já não guarda este arquivo.", timeout=SOON_MS)
    stack.sandbox.failures.switch({"media_fails": False})

    page.get_by_role("button", name="Tentar de novo").click()

    expect(page.locator(".file-why")).to_have_count(0)
    expect(page.locator("a.photo img")).to_have_js_property("naturalWidth", 512, timeout=SOON_MS)


def test_older_messages_come_in_above_without_a_jump(stack: Stack, window: Window, lead: str) -> None:
    long_past(stack, lead, 120)
    page = opened(stack, window, lead)
    expect(bubble(page, "mensagem número 119")).to_be_in_viewport()

    page.evaluate("""() => { document.getElementById('scroll').scrollTop = 900;
        const top = document.getElementById('scroll').getBoundingClientRect().top;
        window.seen = [...document.querySelectorAll('li.bubble')].find((b) => b.getBoundingClientRect().top > top);
        window.was = window.seen.getBoundingClientRect().top; document.getElementById('scroll').scrollTop = 400;
        window.was += 500; }""")
    expect(bubble(page, "mensagem número 30")).to_have_count(1, timeout=SOON_MS)

    assert abs(page.evaluate("window.seen.getBoundingClientRect().top - window.was")) < 2
    page.evaluate("document.getElementById('scroll').scrollTop = 0")
    expect(bubble(page, "mensagem número 0")).to_have_count(1, timeout=SOON_MS)
    page.locator("#refresh-messages").click()
    expect(page.locator(".htmx-request")).to_have_count(0)
    expect(page.locator("li.bubble")).to_have_count(120)
    expect(page.locator("li.day")).to_have_count(page.evaluate(
        "new Set([...document.querySelectorAll('li.bubble')].map((b) => b.dataset.day)).size"))  # fmt: skip


def test_who_scrolls_up_while_a_message_comes_is_not_pulled_down(stack: Stack, window: Window, lead: str) -> None:
    long_past(stack, lead, 60)
    page = opened(stack, window, lead)
    expect(bubble(page, "mensagem número 59")).to_be_in_viewport()

    # Both before the browser's next frame, which is when it tells of the scrolling.
    stands = page.evaluate("""async () => {
        const scroll = document.getElementById('scroll'), messages = document.getElementById('messages');
        scroll.scrollTop = 900;
        messages.append(messages.lastElementChild.cloneNode(true));
        await new Promise((tell) => requestAnimationFrame(() => requestAnimationFrame(tell)));
        return scroll.scrollTop; }""")

    assert stands == 900


def test_who_reads_further_up_is_told_how_many_came(stack: Stack, window: Window, lead: str) -> None:
    long_past(stack, lead, 40)
    page = opened(stack, window, lead)
    page.get_by_role("button", name="Assumir").click()
    expect(page.get_by_text("A partir de agora o bot não envia mais nada aqui.")).to_be_visible()
    stack.sandbox.lead_writes(lead, "de hoje", name="Sílvia")
    expect(bubble(page, "de hoje")).to_be_in_viewport(timeout=SOON_MS)
    expect(page.locator("#newest")).to_be_hidden()
    page.evaluate("document.getElementById('scroll').scrollTop = 200")

    for words in ("e mais uma", "e outra"):
        stack.sandbox.lead_writes(lead, words, name="Sílvia")
        expect(bubble(page, words)).to_have_count(1, timeout=SOON_MS)

    expect(page.locator("#newest-count")).to_have_text("2")
    expect(page.locator("#heard")).to_have_text("Sílvia: e outra")
    page.locator("#newest").click()
    expect(bubble(page, "e outra")).to_be_in_viewport()
    expect(page.locator("#newest")).to_be_hidden()


def test_a_quote_leads_to_what_it_quotes_also_when_that_is_pages_away(stack: Stack, window: Window, lead: str) -> None:
    sent = long_past(stack, lead, 130)
    stack.sandbox.lead_writes(
        lead, "sobre aquilo", name="Sílvia", quoted=sent[3], at=stack.sandbox.clock() - DAY * 2, webhook=False
    )
    page = opened(stack, window, lead)

    bubble(page, "sobre aquilo").locator("a.quote").click()

    expect(page.locator(f"#message-{sent[3]}")).to_be_in_viewport(timeout=SOON_MS)
    expect(page.locator(f"#message-{sent[3]}")).to_be_focused()
    expect(page.locator("li.bubble")).to_have_count(131)


def test_marks_are_shown_and_a_strangers_tags_are_words(stack: Stack, window: Window, lead: str) -> None:
    quiet(stack, lead, "Tito")
    page = opened(stack, window, lead)

    stack.sandbox.lead_writes(lead, "*forte* _leve_ <b>nada</b>\n- um\n- dois", name="Tito")

    said = bubble(page, "forte leve <b>nada</b>")
    expect(said.locator("strong")).to_have_text("forte", timeout=SOON_MS)
    expect(said.locator(".text ul li")).to_have_count(2)
    assert float(said.locator("strong").evaluate("(one) => getComputedStyle(one).fontWeight")) >= 600


def test_without_scripts_one_reads_up_and_hears(stack: Stack, window: Window, lead: str) -> None:
    long_past(stack, lead, 60)
    at = int(stack.sandbox.clock()) - DAY
    stack.sandbox.lead_sends(lead, samples.voice(at), name="Sílvia", at=at, webhook=False)
    page = window(java_script_enabled=False)
    page.goto(stack.page(lead))

    expect(page.locator("#messages audio[controls]")).to_be_visible()
    expect(page.locator("#recorder")).to_be_hidden()
    expect(page.locator(".play")).to_be_hidden()
    page.get_by_role("link", name="Mensagens anteriores").click()
    expect(bubble(page, "mensagem número 0")).to_have_count(1)
    page.get_by_role("link", name="Mensagens mais recentes").click()
    expect(bubble(page, "mensagem número 59")).to_have_count(1)


def test_whoever_only_watches_is_offered_no_act_on_what_comes(stack: Stack, window: Window, lead: str) -> None:
    quiet(stack, lead, "Nilo Serra")
    page = opened(stack, window, lead, "olga")

    stack.act(lead, "take-over")
    # The first one of a day makes the page read again; the second comes as it is.
    for words in ("Bom dia", "Chegou o contrato?"):
        stack.sandbox.lead_writes(lead, words, name="Nilo Serra")
        expect(bubble(page, words)).to_be_visible(timeout=SOON_MS)
    expect(page.locator(".bubble .acts")).to_have_count(0)
