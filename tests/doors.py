"""What the pages before the login need, made through the product: an invitation, a link, and a second step."""

from __future__ import annotations

import re
import time
from base64 import b32decode
from typing import Any

import requests
from django_otp.oath import TOTP

#: Somebody who is asked for a code at the login; with the password that `Doors` was given.
PROTECTED = "dora"


def code(secret: str, *, steps: int = 0) -> str:
    """What an app with this secret shows, or will show `steps` half minutes later."""
    letters = secret.replace(" ", "")
    totp = TOTP(b32decode(letters + "=" * (-len(letters) % 8)))
    totp.time = time.time() + 30 * steps
    return f"{totp.token():06}"


def log_in(home: str, user: str, password: str) -> requests.Session:
    """Somebody who is in; posts carry the CSRF token."""
    session = requests.Session()
    session.trust_env = False
    page = session.get(f"{home}/login/", timeout=10)
    answer = session.post(
        f"{home}/login/",
        data={"username": user, "password": password, "csrfmiddlewaretoken": session.cookies["csrftoken"]},
        headers={"Referer": page.url},
        timeout=10,
        allow_redirects=False,
    )
    assert answer.status_code == 302, answer.status_code
    return session


class Doors:
    """A manager's session, and the addresses that it opens."""

    def __init__(self, home: str, manager: requests.Session, password: str) -> None:
        self._home, self._manager, self._password = home, manager, password

    def parts(self) -> dict[str, str]:
        """What to put into the addresses of `tests/pages.py`; afterwards PROTECTED is asked for a code."""
        person = self._newcomer()
        link = self._link(f"/team/{person}/new-password/", how="link")
        return {
            "invitation": self._invitation(),
            "new_password": link.split("/password/")[1].rstrip("/"),
            "person": person,
        }

    def _invitation(self) -> str:
        group = _found(r'name="group" value="(\d+)"', self._manager.get(f"{self._home}/team/invite/", timeout=20).text)
        return self._link("/team/invite/", group=group).rstrip("/").rpartition("/")[2]

    def _link(self, at: str, **fields: str) -> str:
        return _found(r'id="link" value="([^"]+)"', self._post(self._manager, at, **fields))

    def _newcomer(self) -> str:
        """The id of PROTECTED, who came in by an invitation and has an app that shows codes."""
        with requests.Session() as theirs:
            theirs.trust_env = False
            at = f"/invitation/{self._invitation()}/"
            theirs.get(self._home + at, timeout=20)
            self._post(theirs, at, name="Dora Lins", username=PROTECTED, password1=self._password,
                       password2=self._password)  # fmt: skip
            page = theirs.get(f"{self._home}/me/second-factor/", timeout=20).text
            self._post(theirs, "/me/second-factor/", code=code(_found(r'class="secret">([^<]+)<', page)))
        team = self._manager.get(f"{self._home}/team/", timeout=20).text
        return _found(r'href="/team/(\d+)/"[^>]*>[^<]*Dora', team)

    def _post(self, session: requests.Session, at: str, **fields: str) -> str:
        data: dict[str, Any] = {"csrfmiddlewaretoken": session.cookies["csrftoken"], **fields}
        answer = session.post(self._home + at, data=data, headers={"Referer": self._home + at}, timeout=20)
        assert answer.ok, (at, answer.status_code)
        return answer.text


def _found(pattern: str, page: str) -> str:
    found = re.search(pattern, page)
    assert found, pattern
    return found[1]
