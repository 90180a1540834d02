"""Log lines: one per decision, to standard output, and never with a key in it."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable

from conversations.jid import mask_numbers

_HIDDEN = "***"
#: `apikey: …`, `"token": "…"`, `key=…`, `Authorization: Bearer …`: the gateway sends its key in every webhook body and
#: libraries like to print headers and addresses.
_NAMED = re.compile(
    r"(?i)((?:[\w-]*(?:api[_-]?key|secret|password|passwd|token)|authorization|x-goog-api-key|[?&]key)"
    r"[\"']?\s*[:=]\s*[\"']?)(?:bearer\s+)?[^\s\"',;&}]+"
)
#: redis://user:password@host
_IN_ADDRESS = re.compile(r"(?<=://)[^/\s@]*:[^/\s@]+@")
#: /invitation/… and /password/…/…: whoever reads the link can come in by it.
_WAY_IN = re.compile(r"(?<=/)(invitation|password)/[\w-]+(?:/[\w-]+)?/")


class HideSecrets(logging.Filter):
    """Puts stars for the configured secrets and whatever is named like one, in the words and in the stack trace."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        super().__init__()
        self._secrets = sorted((s for s in secrets if len(s) >= 6), key=len, reverse=True)

    def filter(self, record: logging.LogRecord) -> bool:
        """Always True: the line is kept, without its secrets."""
        record.msg, record.args = self.hide(record.getMessage()), ()
        if record.exc_info and not record.exc_text:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        if record.exc_text:
            # A database's complaint quotes the row, and with it a lead's number.
            record.exc_text = mask_numbers(self.hide(record.exc_text))
        return True

    def hide(self, text: str) -> str:
        """`text` without secrets."""
        for secret in self._secrets:
            text = text.replace(secret, _HIDDEN)
        text = _WAY_IN.sub(rf"\1/{_HIDDEN}/", text)
        return _IN_ADDRESS.sub(f"{_HIDDEN}@", _NAMED.sub(rf"\1{_HIDDEN}", text))


class OfRequests(logging.Filter):
    """Django's lines about answers: none about a 503, which we give on purpose where the reason is logged; and of a
    refusal no stack trace, which would show nothing but the check that refuses."""

    def filter(self, record: logging.LogRecord) -> bool:
        """False for what is no news."""
        status = getattr(record, "status_code", None)
        if status == 403:
            record.exc_info = None
        return status != 503


class OneLine(logging.Formatter):
    """Time, level, logger and words; a line break in the words (a stranger may have written them) is shown as \\n."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:
        """The words on one line; a stack trace follows below it."""
        record.message = record.message.replace("\r", "\\r").replace("\n", "\\n")
        return super().formatMessage(record)
