"""The state machine of control, held by one table: every mode meets everything that can happen to it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest

from conversations.models import Mode, Reason
from conversations.transitions import Occurrence, State, after

NOW = datetime(2026, 11, 23, 15, 0, tzinfo=timezone.utc)
EARLIER, SOON, LATER = NOW - timedelta(minutes=1), NOW + timedelta(minutes=30), NOW + timedelta(hours=4)
ANA, BETO = 1, 2

BOT = State()
ANA_HOLDS = State(Mode.HUMAN, holder=ANA, reason=Reason.TOOK_OVER)
ON_PHONE = State(Mode.HUMAN, until=SOON, reason=Reason.PHONE)
ON_PHONE_FOR_GOOD = State(Mode.HUMAN, reason=Reason.PHONE)
OUTBOUND = State(Mode.HUMAN, reason=Reason.OUTBOUND_FIRST)
PHONE_IS_OVER = State(Mode.HUMAN, until=EARLIER, reason=Reason.PHONE)
PAUSED = State(Mode.PAUSED, until=SOON, reason=Reason.PAUSED)
PAUSED_FOR_GOOD = State(Mode.PAUSED, reason=Reason.PAUSED)
PAUSE_IS_OVER = State(Mode.PAUSED, until=EARLIER, reason=Reason.PAUSED)
WAITS_FOR_PERSON = State(Mode.WAITING, reason=Reason.ASKED_FOR_PERSON)
WAITS_FOR_MODEL = State(Mode.WAITING, reason=Reason.MODEL)

STATES = [
    BOT, ANA_HOLDS, ON_PHONE, ON_PHONE_FOR_GOOD, OUTBOUND, PHONE_IS_OVER, PAUSED, PAUSED_FOR_GOOD, PAUSE_IS_OVER,
    WAITS_FOR_PERSON, WAITS_FOR_MODEL,
]  # fmt: skip

#: What happens, with what is told of it.
EVENTS = {
    "ana takes over": (Occurrence.TAKEN_OVER, {"rep": ANA}),
    "beto takes over": (Occurrence.TAKEN_OVER, {"rep": BETO}),
    "ana sends": (Occurrence.REP_SENT, {"rep": ANA}),
    "handed over to ana": (Occurrence.HANDED_OVER, {"rep": ANA}),
    "phone, hold of four hours": (Occurrence.PHONE_WROTE, {"until": LATER}),
    "phone, hold for good": (Occurrence.PHONE_WROTE, {}),
    "people began": (Occurrence.PEOPLE_BEGAN, {}),
    "ana pauses until soon": (Occurrence.PAUSED, {"rep": ANA, "until": SOON}),
    "ana pauses for four hours": (Occurrence.PAUSED, {"rep": ANA, "until": LATER}),
    "ana pauses for good": (Occurrence.PAUSED, {"rep": ANA}),
    "the phone pauses until soon": (Occurrence.PAUSED, {"until": SOON}),
    "resume": (Occurrence.RESUMED, {}),
    "hand back": (Occurrence.HANDED_BACK, {}),
    "handoff": (Occurrence.HANDOFF, {"reason": Reason.ANGRY}),
    "give up on the gateway": (Occurrence.GAVE_UP, {"reason": Reason.GATEWAY}),
    "recover": (Occurrence.RECOVERED, {}),
    "time passes": (Occurrence.EXPIRED, {}),
    "nobody gave a sign": (Occurrence.AUTO_RESUMED, {}),
    "nobody came": (Occurrence.TIMED_OUT, {}),
}

BETO_HOLDS = State(Mode.HUMAN, holder=BETO, reason=Reason.TOOK_OVER)
ANA_SENT = State(Mode.HUMAN, holder=ANA, reason=Reason.SENT)
ANA_GOT_IT = State(Mode.HUMAN, holder=ANA, reason=Reason.HANDED_OVER)
PHONE_LATER = State(Mode.HUMAN, until=LATER, reason=Reason.PHONE)
PAUSED_LATER = State(Mode.PAUSED, until=LATER, reason=Reason.PAUSED)
HANDED_BACK = State(reason=Reason.HANDED_BACK)
RESUMED = State(reason=Reason.RESUMED)
EXPIRED = State(reason=Reason.EXPIRED)
RECOVERED = State(reason=Reason.RECOVERED)
AUTO = State(reason=Reason.AUTO_RESUMED)
NOBODY = State(reason=Reason.TIMED_OUT)
HANDOFF = State(Mode.WAITING, reason=Reason.ANGRY)
GAVE_UP = State(Mode.WAITING, reason=Reason.GATEWAY)
SAME = None

#: Row: the state before; columns in the order of EVENTS. None: nothing changes. Whoever adds a mode adds a row, whoever
#: adds something that can happen adds a column.
TABLE: list[tuple[State, list[State | None]]] = [
    (BOT, [ANA_HOLDS, BETO_HOLDS, ANA_SENT, ANA_GOT_IT, PHONE_LATER, ON_PHONE_FOR_GOOD, OUTBOUND,
           PAUSED, PAUSED_LATER, PAUSED_FOR_GOOD, PAUSED,
           SAME, SAME, HANDOFF, GAVE_UP, SAME, SAME,
           SAME, SAME]),
    (ANA_HOLDS, [SAME, BETO_HOLDS, SAME, SAME, SAME, SAME, SAME,
                 PAUSED, PAUSED_LATER, PAUSED_FOR_GOOD, SAME,
                 SAME, HANDED_BACK, SAME, SAME, SAME, SAME,
                 AUTO, SAME]),
    (ON_PHONE, [ANA_HOLDS, BETO_HOLDS, ANA_SENT, ANA_GOT_IT, PHONE_LATER, ON_PHONE_FOR_GOOD, SAME,
                PAUSED, PAUSED_LATER, PAUSED_FOR_GOOD, PAUSED,
                SAME, HANDED_BACK, SAME, SAME, SAME, SAME,
                AUTO, SAME]),
    (ON_PHONE_FOR_GOOD, [ANA_HOLDS, BETO_HOLDS, ANA_SENT, ANA_GOT_IT, SAME, SAME, SAME,
                         PAUSED_FOR_GOOD, PAUSED_FOR_GOOD, PAUSED_FOR_GOOD, PAUSED_FOR_GOOD,
                         SAME, HANDED_BACK, SAME, SAME, SAME, SAME,
                         AUTO, SAME]),
    (OUTBOUND, [ANA_HOLDS, BETO_HOLDS, ANA_SENT, ANA_GOT_IT, SAME, SAME, SAME,
                PAUSED_FOR_GOOD, PAUSED_FOR_GOOD, PAUSED_FOR_GOOD, PAUSED_FOR_GOOD,
                SAME, HANDED_BACK, SAME, SAME, SAME, SAME,
                AUTO, SAME]),
    (PHONE_IS_OVER, [ANA_HOLDS, BETO_HOLDS, ANA_SENT, ANA_GOT_IT, PHONE_LATER, ON_PHONE_FOR_GOOD, SAME,
                     PAUSED, PAUSED_LATER, PAUSED_FOR_GOOD, PAUSED,
                     SAME, HANDED_BACK, SAME, SAME, SAME, EXPIRED,
                     AUTO, SAME]),
    (PAUSED, [ANA_HOLDS, BETO_HOLDS, ANA_SENT, ANA_GOT_IT, PAUSED_LATER, PAUSED_FOR_GOOD, SAME,
              SAME, PAUSED_LATER, PAUSED_FOR_GOOD, SAME,
              RESUMED, HANDED_BACK, SAME, SAME, SAME, SAME,
              SAME, SAME]),
    (PAUSED_FOR_GOOD, [ANA_HOLDS, BETO_HOLDS, ANA_SENT, ANA_GOT_IT, SAME, SAME, SAME,
                       SAME, SAME, SAME, SAME,
                       RESUMED, HANDED_BACK, SAME, SAME, SAME, SAME,
                       SAME, SAME]),
    (PAUSE_IS_OVER, [ANA_HOLDS, BETO_HOLDS, ANA_SENT, ANA_GOT_IT, PAUSED_LATER, PAUSED_FOR_GOOD, SAME,
                     PAUSED, PAUSED_LATER, PAUSED_FOR_GOOD, PAUSED,
                     RESUMED, HANDED_BACK, SAME, SAME, SAME, EXPIRED,
                     SAME, SAME]),
    (WAITS_FOR_PERSON, [ANA_HOLDS, BETO_HOLDS, ANA_SENT, ANA_GOT_IT, PHONE_LATER, ON_PHONE_FOR_GOOD, SAME,
                        SAME, SAME, SAME, SAME,
                        SAME, HANDED_BACK, SAME, SAME, SAME, SAME,
                        SAME, NOBODY]),
    (WAITS_FOR_MODEL, [ANA_HOLDS, BETO_HOLDS, ANA_SENT, ANA_GOT_IT, PHONE_LATER, ON_PHONE_FOR_GOOD, SAME,
                       PAUSED, PAUSED_LATER, PAUSED_FOR_GOOD, PAUSED,
                       SAME, HANDED_BACK, SAME, SAME, RECOVERED, SAME,
                       SAME, SAME]),
]  # fmt: skip

CASES = [
    pytest.param(before, EVENTS[name], expected, id=f"{before.mode}-{before.reason}-{name}".replace(" ", "_"))
    for before, row in TABLE
    for name, expected in zip(EVENTS, row, strict=True)
]


@pytest.mark.parametrize(("before", "event", "expected"), CASES)
def test_each_event_in_each_mode(
    before: State, event: tuple[Occurrence, dict[str, object]], expected: State | None
) -> None:
    what, told = event

    got = after(before, what, now=NOW, **told)  # type: ignore[arg-type]  # the table holds the right ones

    assert got == (before if expected is None else expected)


def test_the_table_has_a_row_for_every_mode_and_a_column_for_everything_that_happens() -> None:
    assert {state.mode for state, _ in TABLE} == set(Mode)
    assert [state for state, _ in TABLE] == STATES
    elsewhere = {Occurrence.OPTED_OUT, Occurrence.OPTED_IN, Occurrence.UNDONE}
    assert {what for what, _ in EVENTS.values()} | elsewhere == set(Occurrence)


@pytest.mark.parametrize("before", STATES)
@pytest.mark.parametrize("now_is", STATES)
def test_undoing_puts_back_what_was_before_unless_its_time_is_over(now_is: State, before: State) -> None:
    undone = after(now_is, Occurrence.UNDONE, now=NOW, restored=before)

    assert undone == (EXPIRED if before in (PHONE_IS_OVER, PAUSE_IS_OVER) else before)


@pytest.mark.parametrize("state", STATES)
def test_undoing_does_not_touch_the_leads_own_wish(state: State) -> None:
    out = replace(state, opted_out=True)

    assert after(out, Occurrence.UNDONE, now=NOW, restored=BOT).opted_out
    assert not after(state, Occurrence.UNDONE, now=NOW, restored=replace(BOT, opted_out=True)).opted_out
    assert after(out, Occurrence.UNDONE, now=NOW) == out


@pytest.mark.parametrize("state", STATES)
def test_opting_out_lies_over_every_mode_and_survives_every_change_of_it(state: State) -> None:
    out = after(state, Occurrence.OPTED_OUT, now=NOW)

    assert out.opted_out
    assert out.mode == state.mode
    for what, told in EVENTS.values():
        assert after(out, what, now=NOW, **told).opted_out  # type: ignore[arg-type]
    assert not after(out, Occurrence.OPTED_IN, now=NOW).opted_out


def test_every_reason_the_model_may_give_for_a_handoff_is_a_reason_of_control() -> None:
    from bot.llm.port import HandoffReason

    assert {reason.value for reason in HandoffReason} <= set(Reason.values)
