"""The switches with which a test, or a curious person, makes the gateway misbehave."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields

from .words import JSONDict

#: refuse: answer `status` before doing anything.  after: do it, then answer `status`.  hang: do it and never answer.
#: lose: do nothing and never answer.  drop: close the connection before doing anything.  drop_after: do it, then close.
#: slow: wait, then do it.
MODES = ("refuse", "after", "hang", "lose", "drop", "drop_after", "slow")


@dataclass
class Failure:
    """What the next `times` calls of a route meet."""

    #: The first two parts of the path, "/message/sendText"; "" for every route.
    route: str
    mode: str = "refuse"
    times: int = 1
    status: int = 500
    #: How long `slow` waits, and `hang` holds the connection open.
    seconds: float = 60.0
    #: Only calls for this instance; "" for all.
    instance: str = ""

    def __post_init__(self) -> None:
        if self.mode not in MODES:
            raise ValueError(f"mode must be one of {', '.join(MODES)}")

    def meets(self, route: str, instance: str) -> bool:
        """Whether a call is one of those meant."""
        return self.times > 0 and self.route in ("", route) and self.instance in ("", instance)


@dataclass
class Switches:
    """What goes wrong until it is switched back."""

    #: No webhook leaves.
    webhooks_off: bool = False
    #: Every webhook is sent this often.
    webhook_copies: int = 1
    #: DATABASE_SAVE_DATA_NEW_MESSAGE=false: nothing that comes or goes is stored.
    storage_off: bool = False
    #: What is stored is found only this many seconds later.
    history_late_s: float = 0.0
    #: getBase64FromMediaMessage answers 400, and webhooks carry no base64.
    media_fails: bool = False


class Failures:
    """The failures that are still to come, and the switches. Safe between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._planned: list[Failure] = []
        self.switches = Switches()

    def add(self, failure: Failure) -> None:
        """Plan `failure`; those planned first are met first."""
        with self._lock:
            self._planned.append(failure)

    def take(self, route: str, instance: str) -> Failure | None:
        """The failure this call meets, counted down."""
        with self._lock:
            for failure in self._planned:
                if failure.meets(route, instance):
                    failure.times -= 1
                    self._planned = [planned for planned in self._planned if planned.times > 0]
                    return failure
        return None

    def clear(self) -> None:
        """All well again."""
        with self._lock:
            self._planned.clear()
            self.switches = Switches()

    def switch(self, changes: Mapping[str, object]) -> None:
        """Set switches by name. Raises ValueError for a name that is none, or a value of another kind."""
        known = {switch.name: type(getattr(self.switches, switch.name)) for switch in fields(Switches)}
        for name, value in changes.items():
            kind = known.get(name)
            if kind is None or not isinstance(value, (int, float)):
                raise ValueError(f"no such switch: {name}" if kind is None else f"{name} wants a {kind.__name__}")
            setattr(self.switches, name, kind(value))

    def as_json(self) -> JSONDict:
        """What is planned and switched, for people."""
        with self._lock:
            return {"planned": [asdict(failure) for failure in self._planned], "switches": asdict(self.switches)}
