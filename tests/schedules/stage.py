"""One worker that stops at every point where it asks the database or the gateway, and goes on when it is told to.

The points: each SQL statement outside a transaction (inside one nothing else can happen), and each call to the gateway,
once before the gateway has taken it in and once before its answer is read. The model's call lies between two of them.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

from django.db import connection, connections

from conversations.evolution.sandbox import ConnectionDropped, Sandbox

#: No step of a worker takes longer, in seconds; a schedule that does is stuck, and says where.
_STEP_S = 20.0


class Killed(BaseException):
    """The worker is dead: nothing it does reaches anybody any more."""


class Stage:
    """The worker of one schedule and where it stands."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._runs = False
        self._is_dead = False
        self._drops = False
        #: Where it stands; "" before it began and when it has ended.
        self.at = ""
        self.error: BaseException | None = None

    def begin(self, work: Callable[[], object]) -> None:
        """Start `work` in a thread of its own; it stands at its first point when this returns."""
        self._thread = threading.Thread(target=self._work, args=(work,), daemon=True)
        # Another one, where the last is dead.
        self._runs, self._is_dead, self._drops = True, False, False
        self._thread.start()
        self._wait()

    def step(self) -> bool:
        """Let the worker go on to its next point; False when it has ended."""
        if not self.at:
            return False
        with self._changed:
            self._runs, self.at = True, ""
            self._changed.notify_all()
        self._wait()
        return bool(self.at)

    def kill(self, *, drops_the_call: bool) -> None:
        """End it here, as kill -9 would. A call on its way to the gateway is dropped, or arrives all the same."""
        with self._changed:
            self._is_dead, self._drops, self._runs = True, drops_the_call, True
            self.at = ""
            self._changed.notify_all()
        assert self._thread is not None
        self._thread.join(_STEP_S)

    def point(self, name: str) -> None:
        """The worker came here. Others, who act while it stands somewhere, pass."""
        with self._changed:
            if not self._runs:
                return
            if self._is_dead:
                self._die(name)
                return
            self._runs, self.at = False, name
            self._changed.notify_all()
            assert self._changed.wait_for(lambda: self._runs, _STEP_S), f"nobody let the worker go on at {name}"
            if self._is_dead:
                self._die(name)

    def _die(self, name: str) -> None:
        if not name.startswith("gateway"):
            raise Killed
        if self._drops and name.startswith("gateway takes in"):
            raise ConnectionDropped

    def _wait(self) -> None:
        with self._changed:
            is_there = self._changed.wait_for(lambda: self.at or not self._runs, _STEP_S)
        assert is_there, "the worker is stuck"
        if self.error is not None:
            raise self.error

    def _work(self, work: Callable[[], object]) -> None:
        try:
            with connection.execute_wrapper(self._sql):
                work()
        except Killed:
            pass
        except BaseException as error:
            self.error = error
        finally:
            connections.close_all()
            with self._changed:
                self._runs, self.at = False, ""
                self._changed.notify_all()

    def _sql(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Mapping[str, Any]) -> Any:
        if self._is_dead:
            raise Killed
        if not connection.in_atomic_block:
            self.point(f"database {sql.split(' ', 1)[0]}")
        return execute(sql, params, many, context)


class StagedSandbox(Sandbox):
    """A gateway at which the worker of `stage` stops."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.stage = Stage()

    def begin_anew(self) -> None:
        """Nobody ever wrote, all is well, and the stage is empty."""
        self.stage = Stage()
        self.failures.clear()
        with self.lock:
            instance = self.instance()
            self.forget_instance(instance)
            self._open_from_the_start(instance.name, instance.owner_number)
            self._sent.clear()

    def handle(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, dict[str, str], bytes]:
        """As `Sandbox.handle`, with the worker's two points."""
        stage = self.stage
        stage.point(f"gateway takes in {path}")
        answer = super().handle(method, path, headers, body)
        stage.point(f"gateway answers {path}")
        return answer
