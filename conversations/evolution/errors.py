"""What can go wrong with the gateway.

    EvolutionError
      Unreachable         no connection, or no answer to a read      passing: retry
      Refused             the gateway said no (4xx)                  permanent: a person must act (key, number, text)
        NotConnected      the instance is not paired or its socket is closed   passing for us: the dashboard shows it
        UnknownInstance   the gateway does not have the instance     permanent: `manage.py connect`
        WrongKey          401                                        permanent: EVOLUTION_API_KEY
        NotOnWhatsApp     the number has no WhatsApp                 permanent
        TooLarge          the answer is larger than we read          permanent: our own limit
      Broken              5xx                                        passing for reads; for a send see Unconfirmed
      Unconfirmed         a send without an answer, or with a 5xx    it may have gone out: never simply repeated
      Unreadable          JSON we do not understand                  a bug here, or a new gateway version

`str(error)` is safe to log and to show: it carries the gateway's own flattened words, never a key, a URL with a query,
a whole phone number, or the multi-line dump of a 5xx.
"""

from __future__ import annotations


class EvolutionError(Exception):
    """Anything that went wrong with the gateway."""

    #: HTTP status, None when there was no answer.
    status: int | None

    def __init__(self, words: str, *, status: int | None = None) -> None:
        super().__init__(words)
        self.status = status


class Unreachable(EvolutionError):
    """No connection, or no answer in time to a read."""


class Refused(EvolutionError):
    """The gateway said no; asking again changes nothing."""


class NotConnected(Refused):
    """The number is not paired, or its connection to WhatsApp is down."""


class UnknownInstance(Refused):
    """The gateway has no instance of that name."""


class WrongKey(Refused):
    """The gateway does not accept our key."""


class NotOnWhatsApp(Refused):
    """The number has no WhatsApp account."""


class TooLarge(Refused):
    """The answer, or the file in it, is larger than we want to read."""


class Broken(EvolutionError):
    """The gateway failed (5xx) at a read or at something that may be repeated."""


class Unconfirmed(EvolutionError):
    """A send was not answered, or answered 5xx: it may have gone out."""

    def __init__(self, words: str, *, status: int | None = None) -> None:
        super().__init__(words, status=status)

    @property
    def was_answered(self) -> bool:
        """The gateway answered 5xx (as opposed to no answer at all)."""
        return self.status is not None


class Unreadable(EvolutionError):
    """The gateway's JSON is not what we know."""
