"""`make screenshots`: run the product on a directory of its own, let the scripted leads write, and photograph it.

Pictures go to docs/screenshots/. No test: a person looks at them. `python -m tests.screenshots inbox sandbox` takes
those pages alone.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast
from urllib.request import ProxyHandler, build_opener

from playwright.sync_api import Browser, Page, sync_playwright

from sdr_dashboard import environment
from tests import doors
from tests.doors import PROTECTED, Doors
from tests.pages import MORE_PAGES, PAGES, PUBLIC
from tests.ports import free_port

BASE = Path(__file__).resolve().parent.parent
PICTURES = BASE / "docs" / "screenshots"
#: Width and height of a desk, a tablet and a phone.
SIZES = ((1440, 900), (820, 1180), (360, 740))
SCHEMES = ("light", "dark")
#: The scripted lead whose conversation is shown: she asks for a person, and the bot calls one.
LEAD = "Patrícia Gomes"
#: What the bot is tried with on the page of its settings.
QUESTION = "Oi! Atendem clínicas pequenas? Quanto custa?"
#: Nobody wrote for so long, in seconds: the scripts are over, or wait for a person.
QUIET_S = 15.0
_READY_WITHIN_S = 180.0
_WRITTEN_WITHIN_S = 240.0
_CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
_FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip

_direct = build_opener(ProxyHandler({}))


@dataclass(frozen=True)
class Stand:
    """The running product."""

    home: str
    sandbox: str
    password: str


def chromium() -> str:
    """Where the browser is; ends with one sentence when there is none."""
    found = next(filter(None, map(shutil.which, _CHROMIUM)), None)
    if found is None:
        sys.exit(
            "A Chromium is needed for the pictures: apt-get install chromium fonts-dejavu-core fonts-noto-color-emoji"
        )
    return found


def flags() -> list[str]:
    """How it is started: quietly, and as any user."""
    return list(_FLAGS)


def main() -> None:
    """Take all pictures."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    with running() as stand, sync_playwright() as playwright:
        print("Waiting until the scripted leads have said what they have to say ...", flush=True)
        wait_until_quiet(stand)
        with doors.log_in(stand.home, "gestor", stand.password) as manager:
            parts = Doors(stand.home, manager, stand.password).parts()
        browser = playwright.chromium.launch(executable_path=chromium(), args=flags())
        for scheme in SCHEMES:
            for width, height in SIZES:
                photograph(browser, stand, parts, scheme, width, height, sys.argv[1:])
        browser.close()


# ------------------------------------------------------------------------------------------------------ the product


@contextmanager
def running() -> Iterator[Stand]:
    """The product as `make run` starts it, without keys, on a free port and a directory that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="sdr-screenshots-") as var:
        process = _start(Path(var))
        try:
            _await_opening(process)
            yield _stand(Path(var))
        finally:
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=20)


def _start(var: Path) -> subprocess.Popen[str]:
    ours = {
        "PATH": os.environ["PATH"],
        "ENV_FILE": "",
        "VAR_DIR": str(var),
        "PORT": str(free_port(neighbours=1)),
        "BOT_DEBOUNCE_IDLE_SECONDS": "2",
        "BOT_TYPING_CHARS_PER_SECOND": "0",
        "BOT_COMPANY": "Clínica Digital",
        "BOT_OFFER": "Sistema de atendimento para clínicas.",
    }
    command = [sys.executable, "-m", "sdr_dashboard.run", "--with-parent"]
    return subprocess.Popen(command, cwd=BASE, env=ours, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def _await_opening(process: subprocess.Popen[str]) -> None:
    """Pass on what the product says until it says that it is ready."""
    assert process.stdout is not None
    until = time.monotonic() + _READY_WITHIN_S
    for line in process.stdout:
        if line.startswith("Ctrl-C"):
            # Read to the end: a pipe that nobody empties fills up, and stops whoever writes a line of log.
            threading.Thread(target=process.stdout.read, daemon=True).start()
            return
        # The demo passwords stand among these lines: nobody needs them here.
        if "|" in line or "ready" in line:
            print(line, end="", flush=True)
        if time.monotonic() > until:
            break
    sys.exit("The product did not get ready.")


def _stand(var: Path) -> Stand:
    known = environment.read_file(var / "local.env") | environment.read_file(var / "run.env")
    with _direct.open(f"{known['EVOLUTION_API_URL']}/_sandbox/state", timeout=10) as answer:
        home = json.load(answer)["dashboard"]
    return Stand(home, known["EVOLUTION_API_URL"], known["DEMO_GESTOR_PASSWORD"])


def wait_until_quiet(stand: Stand) -> None:
    """Wait until nobody has written for a while. Ends the program when that does not come."""
    until, changed_at, known = time.monotonic() + _WRITTEN_WITHIN_S, time.monotonic(), ""
    while time.monotonic() < changed_at + QUIET_S:
        state = json.dumps(_state(stand))
        if state != known:
            known, changed_at = state, time.monotonic()
        if time.monotonic() > until:
            sys.exit("The scripted leads did not come to an end.")
        time.sleep(1)


def _state(stand: Stand) -> Any:
    with _direct.open(f"{stand.sandbox}/_sandbox/state", timeout=10) as answer:
        return json.load(answer)


# ----------------------------------------------------------------------------------------------------- the pictures


def photograph(
    browser: Browser,
    stand: Stand,
    parts: dict[str, str],
    scheme: str,
    width: int,
    height: int,
    wanted: Sequence[str] = (),
) -> None:
    """Every page in one size and colour scheme, or those that are wanted."""
    outside, inside = (_window(browser, scheme, width, height) for _ in range(2))

    def shoot(page: Page, name: str) -> None:
        page.screenshot(path=PICTURES / f"{_short(name)}-{width}-{scheme}.png")

    log_in(outside, stand, PROTECTED)
    log_in(inside, stand, "gestor")
    inside.locator("#list .row").first.wait_for()
    conversation = inside.locator("a.row", has_text=LEAD).get_attribute("href") or ""
    parts = {**parts, "conversation": conversation.removeprefix("/c/").rstrip("/")}
    for name, address in {**PAGES, **MORE_PAGES}.items():
        if wanted and _short(name) not in wanted:
            continue
        page = outside if name in PUBLIC else inside
        page.goto(stand.home + address.format(**parts))
        settle(page)
        if name == "bot:settings":
            try_the_bot(page)
        shoot(page, name)
    if not wanted or "sandbox" in wanted:
        inside.goto(f"{stand.sandbox}/")
        inside.get_by_text(LEAD).last.click()
        inside.locator("#messages > *").first.wait_for()
        shoot(inside, "sandbox")
    for page in (outside, inside):
        page.context.close()
    print(f"{width} x {height}, {scheme}", flush=True)


def _short(name: str) -> str:
    return name.rpartition(":")[2].replace(" ", "-")


def _window(browser: Browser, scheme: str, width: int, height: int) -> Page:
    return browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme=cast(Any, scheme),
        locale="pt-BR",
        timezone_id="America/Sao_Paulo",
        reduced_motion="reduce",
        has_touch=width < SIZES[0][0],
    ).new_page()


def settle(page: Page) -> None:
    """Wait until the page is live, if it is one that is, and has shown its messages."""
    if page.locator("body[data-stream]").count():
        page.locator("#live.is-live").wait_for(state="attached")
    if page.locator("#messages").count():
        page.locator("#messages .bubble").first.wait_for()
    if page.locator("#lead-body:visible").count():
        page.locator("#lead-body .lead-card").wait_for()
    if page.locator("#ask:visible").count():
        page.locator("#ask-later").click()


def try_the_bot(page: Page) -> None:
    """Write to it as a lead, with the settings of the page."""
    page.locator("#id_words").fill(QUESTION)
    page.locator("#try-button").click()
    page.locator(".tried-messages .by-bot").first.wait_for()
    page.evaluate("scrollTo(0, 0)")


def log_in(page: Page, stand: Stand, user: str) -> None:
    """Give name and password."""
    page.goto(f"{stand.home}/login/")
    page.locator("input[name=username]").fill(user)
    page.locator("input[name=password]").fill(stand.password)
    page.locator("input[name=password]").press("Enter")
    page.wait_for_url(lambda url: "?" not in url and not url.endswith("/login/"))


if __name__ == "__main__":
    main()
