"""A lead writes, the bot answers, a manager sees it: the whole house, with real processes, and every cable pulled."""

from __future__ import annotations

import itertools
import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from conversations.evolution.sandbox import Failure
from tests.stack import PASSWORD, SHORT_LEASE_S, Stack, eventually

pytestmark = pytest.mark.process

FIND, SEND = "/chat/findMessages", "/message/sendText"
#: Longer than everything that could still send something by itself: lease, silence, sweep and a retry.
AFTERMATH_S = 6.0
#: How many messages each lead of the module's stack was to get, ever.
EXPECTED: dict[str, int] = {}

_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    stack = Stack(tmp_path_factory.mktemp("journey"), TURN_LEASE_SECONDS=SHORT_LEASE_S)
    try:
        stack.start()
        yield stack
        # Whatever may still happen by itself has happened: nobody got one message more, or fewer.
        time.sleep(AFTERMATH_S)
        assert {lead: len(stack.texts(lead)) for lead in EXPECTED} == EXPECTED
    finally:
        stack.close()


@pytest.fixture
def lead(stack: Stack) -> Iterator[str]:
    """A lead nobody has met, in a world in which nothing is wrong."""
    stack.sandbox.failures.clear()
    stack.gemini.reset()
    yield f"55119{next(_numbers):08}@s.whatsapp.net"
    stack.sandbox.failures.clear()
    stack.gemini.reset()


def answered(stack: Stack, lead: str, count: int = 1) -> list[str]:
    """Wait until the lead has `count` messages and all is quiet; gives the texts."""
    eventually(lambda: len(stack.texts(lead)) >= count, why=f"{lead} was not answered")
    eventually(lambda: stack.is_quiet(lead), why=f"{lead}'s turn did not end")
    return stack.texts(lead)


def nothing_more(stack: Stack, lead: str, count: int) -> None:
    """The lead has `count` messages now, and still has at the end of all tests (see `stack`)."""
    EXPECTED[lead] = count
    assert len(stack.texts(lead)) == count


# ------------------------------------------------------------------------------------------------------ the main job


def test_a_text_is_answered_and_a_manager_sees_both(stack: Stack, lead: str) -> None:
    stack.gemini.will_answer("O plano começa em R$ 90.")
    stack.sandbox.lead_writes(lead, "Quanto custa o plano?", name="Mariana")

    assert answered(stack, lead) == ["O plano começa em R$ 90."]

    page = stack.browser().get(stack.page(lead), timeout=10).text
    assert "Quanto custa o plano?" in page
    assert "O plano começa em R$ 90." in page
    session = stack.browser()
    eventually(lambda: "Mariana" in session.get(stack.url, timeout=10).text, why="the list does not show the lead")
    asked = json.dumps(stack.gemini.requests[0].body, ensure_ascii=False)
    assert "Quanto custa o plano?" in asked


def test_a_voice_note_is_heard_and_its_words_are_shown(stack: Stack, lead: str) -> None:
    stack.gemini.will_answer("Perfeito!", transcripts=("Quero fechar hoje",))
    stack.sandbox.lead_sends_audio(lead, b"OggS and so on", seconds=7)

    assert answered(stack, lead) == ["Perfeito!"]
    assert stack.gemini.requests[0].audio_count == 1
    assert "Quero fechar hoje" in stack.browser().get(stack.page(lead), timeout=10).text


def test_a_burst_is_answered_once(stack: Stack, lead: str) -> None:
    for text in ("Oi", "tudo bem?", "quanto custa?"):
        stack.sandbox.lead_writes(lead, text)

    assert len(answered(stack, lead)) == 1
    nothing_more(stack, lead, 1)


def test_the_same_webhook_three_times_is_answered_once(stack: Stack, lead: str) -> None:
    stack.sandbox.failures.switch({"webhook_copies": 3})
    stack.sandbox.lead_writes(lead, "Oi")

    answered(stack, lead)
    nothing_more(stack, lead, 1)
    assert len(stack.gemini.requests) == 1


def test_a_lost_webhook_is_made_up_for_by_reconciliation(stack: Stack, lead: str) -> None:
    stack.sandbox.lead_writes(lead, "Oi", webhook=False)

    answered(stack, lead)
    nothing_more(stack, lead, 1)


def test_three_bubbles_arrive_in_order(stack: Stack, lead: str) -> None:
    stack.gemini.will_answer("um", "dois", "três")
    stack.sandbox.lead_writes(lead, "Oi")

    assert answered(stack, lead, 3) == ["um", "dois", "três"]


# ------------------------------------------------------------------------------------------------------------- people


def test_a_takeover_while_gemini_thinks_lets_nothing_out(stack: Stack, lead: str) -> None:
    stack.gemini.hold()
    stack.sandbox.lead_writes(lead, "Oi")
    assert stack.gemini.wait_until_held()

    stack.act(lead, "take-over")
    stack.gemini.release()

    eventually(lambda: stack.is_quiet(lead))
    nothing_more(stack, lead, 0)
    assert stack.control(lead, "mode") == "human"


def test_a_takeover_between_two_bubbles_stops_the_second(stack: Stack, lead: str) -> None:
    stack.browser()
    stack.gemini.will_answer("um", "dois")
    stack.sandbox.failures.add(Failure(SEND, "slow", seconds=1.0))
    stack.sandbox.lead_writes(lead, "Oi")
    eventually(lambda: stack.control(lead, "sending"))

    stack.act(lead, "take-over")

    eventually(lambda: stack.is_quiet(lead))
    nothing_more(stack, lead, 1)
    assert stack.texts(lead) == ["um"]


def test_a_pause_while_gemini_thinks_lets_neither_bubble_out(stack: Stack, lead: str) -> None:
    """Measured on Evolution's own bot, paused one second into its thinking: both bubbles still went out."""
    stack.gemini.hold()
    stack.gemini.will_answer("um", "dois")
    stack.sandbox.lead_writes(lead, "Oi")
    assert stack.gemini.wait_until_held()

    stack.act(lead, "pause", length="60")
    stack.gemini.release()

    eventually(lambda: stack.is_quiet(lead))
    nothing_more(stack, lead, 0)


def test_somebody_typing_on_the_phone_while_gemini_thinks_lets_neither_bubble_out(stack: Stack, lead: str) -> None:
    """Measured on Evolution's own bot: both went out."""
    stack.gemini.hold()
    stack.gemini.will_answer("um", "dois")
    stack.sandbox.lead_writes(lead, "Oi")
    assert stack.gemini.wait_until_held()

    stack.sandbox.phone_types(lead, "Oi, aqui é a Ana")
    eventually(lambda: stack.control(lead, "mode") == "human")
    stack.gemini.release()

    eventually(lambda: stack.is_quiet(lead))
    nothing_more(stack, lead, 0)


def test_a_conversation_that_a_person_began_is_that_persons_also_when_the_lead_replies(stack: Stack, lead: str) -> None:
    """Measured on Evolution's own bot: the lead's reply was answered over the person."""
    stack.sandbox.phone_types(lead, "Oi, aqui é a Ana, da Clínica")
    eventually(lambda: stack.control(lead, "mode") == "human")

    said = stack.sandbox.lead_writes(lead, "Oi, Ana!")

    eventually(lambda: stack.control(lead, "newest") == said)
    nothing_more(stack, lead, 0)


def test_a_lead_who_writes_again_after_a_persons_word_does_not_get_the_bot(stack: Stack, lead: str) -> None:
    """Measured on Evolution's own bot: the lead got it."""
    stack.sandbox.lead_writes(lead, "Oi")
    answered(stack, lead)
    stack.sandbox.phone_types(lead, "Deixa comigo")
    eventually(lambda: stack.control(lead, "mode") == "human")

    said = stack.sandbox.lead_writes(lead, "Obrigado! E o preço?")

    eventually(lambda: stack.control(lead, "newest") == said)
    nothing_more(stack, lead, 1)


def test_a_rep_who_answers_takes_over_and_the_bot_stays_quiet(stack: Stack, lead: str) -> None:
    stack.sandbox.lead_writes(lead, "Oi")
    answered(stack, lead)

    stack.act(lead, "send", text="Oi, aqui é a Ana", token="0123456789abcdef0123456789abcdef")
    stack.sandbox.lead_writes(lead, "Que bom!")

    nothing_more(stack, lead, 2)
    assert stack.texts(lead)[1] == "Oi, aqui é a Ana"
    assert stack.control(lead, "mode") == "human"


def test_handing_back_answers_a_lead_who_waits_and_only_that_one(stack: Stack, lead: str) -> None:
    stack.act(lead, "take-over")
    stack.sandbox.lead_writes(lead, "Alguém aí?")
    eventually(lambda: stack.control(lead, "newest"))
    assert stack.texts(lead) == []

    stack.act(lead, "hand-back")

    answered(stack, lead)
    nothing_more(stack, lead, 1)


def test_a_person_on_the_phone_keeps_the_bot_quiet_though_the_webhook_was_lost(stack: Stack, lead: str) -> None:
    stack.gemini.hold()
    stack.sandbox.lead_writes(lead, "Oi")
    assert stack.gemini.wait_until_held()
    stack.sandbox.phone_types(lead, "Oi, é a Ana", webhook=False)
    stack.gemini.release()

    eventually(lambda: stack.control(lead, "mode") == "human")
    nothing_more(stack, lead, 0)


def test_two_addresses_of_one_lead_under_different_control_are_merged_strictly(stack: Stack, lead: str) -> None:
    lid = lead.replace("55119", "7").replace("@s.whatsapp.net", "@lid")
    stack.sandbox.lead_writes(lid, "Oi")
    answered(stack, lid)
    stack.act(lead, "take-over")

    stack.sandbox.lead_writes(lid, "Sou eu de novo", alt=lead)

    eventually(lambda: stack.query("SELECT 1 FROM conversations_alias WHERE jid = ? AND conversation = ?", lid, lead))
    nothing_more(stack, lid, 1)
    assert stack.control(lead, "mode") == "human"
    assert stack.control(lid, "mode") is None


# --------------------------------------------------------------------------------------------- every cable is pulled


def held_at_the_model(stack: Stack, lead: str) -> None:
    stack.gemini.hold()
    stack.sandbox.lead_writes(lead, "Oi")
    assert stack.gemini.wait_until_held()


def held_before_the_model(stack: Stack, lead: str) -> None:
    # More than the turn reads: the sweep may be reading back what another test left in doubt.
    stack.sandbox.failures.add(Failure(FIND, "slow", times=8, seconds=1.5))
    stack.sandbox.lead_writes(lead, "Oi")
    eventually(lambda: stack.control(lead, "turn"))


def held_after_the_model(stack: Stack, lead: str) -> None:
    held_at_the_model(stack, lead)
    stack.sandbox.failures.add(Failure(FIND, "slow", times=1, seconds=1.5))
    stack.gemini.release()
    eventually(lambda: not stack.gemini.state["held"])


def held_after_the_claim(stack: Stack, lead: str) -> None:
    """The claim stands, the POST never reaches the gateway's hands."""
    stack.sandbox.failures.add(Failure(SEND, "lose", seconds=3))
    stack.sandbox.lead_writes(lead, "Oi")
    eventually(lambda: stack.control(lead, "sending"))


def held_after_the_post(stack: Stack, lead: str) -> None:
    """The message is out, the answer never comes."""
    stack.sandbox.failures.add(Failure(SEND, "hang", seconds=3))
    stack.sandbox.lead_writes(lead, "Oi")
    eventually(lambda: stack.texts(lead))


STEPS = [held_before_the_model, held_at_the_model, held_after_the_model, held_after_the_claim, held_after_the_post]


@pytest.mark.parametrize("held", STEPS)
def test_a_worker_killed_at_any_step_leaves_exactly_one_answer(
    stack: Stack, lead: str, held: Callable[[Stack, str], None]
) -> None:
    held(stack, lead)

    stack.kill("worker")
    stack.gemini.release()
    stack.start_worker()

    answered(stack, lead)
    nothing_more(stack, lead, 1)


@pytest.mark.parametrize("held", STEPS)
def test_a_valkey_wiped_at_any_step_breaks_no_promise(
    stack: Stack, lead: str, held: Callable[[Stack, str], None]
) -> None:
    held(stack, lead)

    stack.wipe_valkey()
    stack.gemini.release()

    answered(stack, lead)
    nothing_more(stack, lead, 1)


@pytest.mark.parametrize("mode", ["after", "hang", "drop_after"])
def test_a_gateway_that_delivers_and_does_not_say_so_is_not_sent_to_twice(stack: Stack, lead: str, mode: str) -> None:
    stack.sandbox.failures.add(Failure(SEND, mode, seconds=3))
    stack.sandbox.lead_writes(lead, "Oi")

    answered(stack, lead)
    nothing_more(stack, lead, 1)


@pytest.mark.parametrize("mode", ["refuse", "lose", "drop"])
def test_a_gateway_that_does_not_deliver_is_sent_to_again(stack: Stack, lead: str, mode: str) -> None:
    stack.sandbox.failures.add(Failure(SEND, mode, seconds=3))
    stack.sandbox.lead_writes(lead, "Oi")

    answered(stack, lead)
    nothing_more(stack, lead, 1)


def test_a_lead_who_writes_while_the_last_bubble_is_posted_is_answered(stack: Stack, lead: str) -> None:
    stack.gemini.will_answer("primeira")
    stack.gemini.will_answer("segunda")
    stack.sandbox.failures.add(Failure(SEND, "slow", seconds=1.0))
    stack.sandbox.lead_writes(lead, "Oi")
    eventually(lambda: stack.control(lead, "sending"))

    stack.sandbox.lead_writes(lead, "E o prazo?", webhook=False)

    assert answered(stack, lead, 2) == ["primeira", "segunda"]
    nothing_more(stack, lead, 2)


def test_a_model_that_is_away_for_a_while_delays_the_answer_and_doubles_nothing(stack: Stack, lead: str) -> None:
    stack.gemini.will_fail(503)
    stack.gemini.will_fail(500)
    stack.sandbox.lead_writes(lead, "Oi")

    answered(stack, lead)
    nothing_more(stack, lead, 1)


def test_webhooks_that_find_no_broker_come_again(stack: Stack, lead: str) -> None:
    assert stack.valkey is not None
    stack.valkey.stop()
    stack.sandbox.lead_writes(lead, "Oi")
    eventually(lambda: any(one.status == 503 for one in list(stack.sandbox.delivery.attempts)))
    stack.start_valkey()

    answered(stack, lead)
    nothing_more(stack, lead, 1)


def test_what_was_said_long_before_the_bot_came_is_left_alone(stack: Stack, lead: str) -> None:
    an_hour_ago = time.time() - 3600
    stack.sandbox.lead_writes(lead, "Oi, alguém?", at=an_hour_ago)
    stack.sandbox.lead_writes(lead, "Alô?", at=an_hour_ago + 60, webhook=False)

    nothing_more(stack, lead, 0)
    assert not stack.control(lead, "settled")


def test_a_bot_switched_on_for_the_first_time_answers_nothing_old(tmp_path: Path) -> None:
    new = Stack(tmp_path, switched_on=False)
    old, fresh = "5511977770001@s.whatsapp.net", "5511977770002@s.whatsapp.net"
    try:
        new.sandbox.lead_writes(old, "Oi, isso foi ontem", at=time.time() - 24 * 3600)
        new.start()
        new.sandbox.lead_writes(old, "E isso um minuto antes", at=time.time() - 60)
        session = new.browser()
        token = {"csrfmiddlewaretoken": session.cookies["csrftoken"]}
        for instance in ("voice_sdr_v4",):
            data = token | {"instance": instance, "on": "1", "confirm": "1"}
            assert session.post(f"{new.url}/switch/", data=data, headers={"Referer": new.url}, timeout=10).ok
        eventually(lambda: new.query("SELECT 1 FROM conversations_switch WHERE instance != '' AND is_on"))

        new.sandbox.lead_writes(fresh, "Oi, isso é agora", at=time.time() + 1)

        answered(new, fresh)
        assert new.texts(old) == []
    finally:
        new.close()


# ------------------------------------------------------------------------------------------------------------ privacy


def test_after_all_this_no_text_is_found_anywhere(stack: Stack, lead: str) -> None:
    """The database file, everything in var/ (logs at DEBUG among it) and everything stored in Valkey."""
    secret, spoken, said = "abacaxi-do-lead", "jabuticaba-falada", "carambola-do-bot"
    stack.gemini.will_answer(said, "outra", transcripts=())
    stack.sandbox.lead_writes(lead, f"Meu segredo é {secret}", name="Nome-Guaraná")
    answered(stack, lead, 2)
    stack.gemini.will_answer(said, transcripts=(spoken,))
    stack.sandbox.lead_sends_audio(lead, b"OggS", seconds=2, name="Nome-Guaraná")
    answered(stack, lead, 3)
    stack.gemini.hold()
    stack.gemini.will_answer(said + " não dita")
    stack.sandbox.lead_writes(lead, secret)
    assert stack.gemini.wait_until_held()
    stack.act(lead, "take-over")
    stack.gemini.release()
    eventually(lambda: stack.is_quiet(lead))

    words = [text.encode() for text in (secret, spoken, said, "Nome-Guaraná", PASSWORD)]
    for path in [path for path in stack.var.rglob("*") if path.is_file()]:
        content = path.read_bytes()
        assert not [word for word in words if word in content], path
    found = _everything_in(stack)
    assert found
    assert not [word for word in words if word in found]
    # Logs and the cache carry no whole phone number either.
    number = lead.partition("@")[0].encode()
    assert not [name for name in ("web", "worker") if number in stack.log(name).read_bytes()]


def _everything_in(stack: Stack) -> bytes:
    """All keys and values of the Valkey."""
    client = stack.redis()
    content = b""
    for key in client.scan_iter(count=1000):
        content += key + b"\n" + (client.dump(key) or b"") + b"\n"
        if client.type(key) == b"string":
            content += client.get(key) or b""
    return content


def test_an_open_page_is_told_of_a_message_while_it_is_read(stack: Stack, lead: str) -> None:
    opaque = stack.page(lead).rstrip("/").rpartition("/")[2]
    address = f"{stack.url}/events/?c=voice_sdr_v4/{opaque}"
    with stack.browser().get(address, stream=True, timeout=20) as stream:
        stream.encoding = "utf-8"
        lines = stream.iter_lines(decode_unicode=True)
        next(line for line in lines if line)
        threading.Thread(target=stack.sandbox.lead_writes, args=(lead, "Oi, está aí?")).start()
        # The first frames after the message; bounded, since a silent stream still pings.
        told = "\n".join(itertools.takewhile(lambda line: "Oi, está aí?" not in line, itertools.islice(lines, 60)))
    assert "event: message" in told
    answered(stack, lead)
