"""The pages: who may see and do what, what they say, and that nothing typed is lost and nothing is sent twice."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone, translation
from pytest_django import Settings

from conversations import briefs, control, identity, sending, switches
from conversations.briefs import Brief
from conversations.evolution.sandbox import Failure, Sandbox, samples
from conversations.evolution.sandbox import content as contents
from conversations.jid import JID
from conversations.message import Key
from conversations.models import AuditEntry, Control, Mode, Reason, Seen, Sent
from conversations.sealed import opaque_id
from tests.conversations.conftest import INSTANCE
from tests.factories import LEAD

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("sandbox")]

MARIANA = Key(INSTANCE, LEAD)
PAGE = f"/c/{INSTANCE}/{opaque_id(MARIANA)}/"
ACTS = ("take-over", "pause", "resume", "hand-back", "send")


@pytest.fixture(autouse=True)
def _in_english() -> Any:
    """The words of the tests are those of the sources."""
    with translation.override("en"):
        yield


def text(response: Any) -> str:
    """The page, as a person who reads English sees it."""
    return str(response.content.decode())


def get(client: Client, path: str = PAGE, **more: Any) -> Any:
    return client.get(path, headers={"Accept-Language": "en", **more.pop("headers", {})}, **more)


def post(client: Client, act: str, *, headers: dict[str, str] | None = None, **data: str) -> Any:
    return client.post(f"{PAGE}{act}/", data, headers={"Accept-Language": "en", **(headers or {})})


def answer(client: Client, said: str = "Olá, Mariana", *, token: str = "", **more: Any) -> Any:
    return post(client, "send", text=said, token=token or uuid.uuid4().hex, **more)


HTMX = {"HX-Request": "true", "HX-Target": "composer"}


# --------------------------------------------------------------------------------------------------------- who may


@pytest.mark.parametrize("path", ["/", PAGE])
def test_a_page_needs_a_login(client: Client, path: str) -> None:
    response = client.get(path)

    assert response.status_code == 302
    assert response["Location"].startswith("/login/?next=")


@pytest.mark.parametrize("path", ["/switch/", *(f"{PAGE}{act}/" for act in ACTS)])
def test_an_act_needs_a_login_and_is_not_forgotten_to_be_one(client: Client, path: str) -> None:
    assert client.post(path).status_code == 302
    assert client.get(path).status_code == 405
    assert not AuditEntry.objects.exists()


def test_a_fragment_takes_the_whole_page_to_the_login(client: Client) -> None:
    response = client.get(PAGE, headers={"HX-Request": "true", "HX-Current-URL": f"http://testserver{PAGE}"})

    assert response["HX-Redirect"].startswith("/login/?next=/c/")


@pytest.mark.parametrize("path", ["/", PAGE])
def test_a_stranger_sees_nothing(for_charlie: Client, path: str) -> None:
    assert for_charlie.get(path).status_code == 403


@pytest.mark.parametrize("act", ACTS)
def test_who_may_watch_may_not_act(for_olga: Client, act: str) -> None:
    assert post(for_olga, act).status_code == 403
    assert not Control.objects.exists()


def test_who_may_watch_sees_no_buttons(for_olga: Client) -> None:
    page = text(get(for_olga))

    assert "You may read along here, but not answer." in page
    assert "take-over" not in page


def test_a_rep_may_not_switch_the_bot(for_bob: Client) -> None:
    assert for_bob.post("/switch/", {"instance": "", "on": "0"}).status_code == 403
    assert "/switch/" not in text(get(for_bob, "/"))


@pytest.mark.parametrize(
    "path",
    [
        "/c/another/" + opaque_id(MARIANA) + "/",
        f"/c/{INSTANCE}/AAAA/",
        f"/c/{INSTANCE}/5511999990001@s.whatsapp.net/",
        f"/c/{INSTANCE}/" + opaque_id(Key("another", LEAD)) + "/",
    ],
)
def test_a_made_up_address_is_nothing(for_bob: Client, path: str) -> None:
    assert for_bob.get(path).status_code == 404


# -------------------------------------------------------------------------------------------------------- the list


def test_the_list_shows_who_wrote_what_and_who_speaks(for_bob: Client, bob: User, sandbox: Sandbox) -> None:
    sandbox.lead_writes(LEAD, "Quanto custa?", name="Mariana Souza")
    control.pause(MARIANA, bob, None)

    page = text(get(for_bob, "/"))

    assert "Mariana Souza" in page
    assert "Quanto custa?" in page
    assert "paused" in page
    assert f'href="{PAGE}"' in page


def test_no_number_stands_in_an_address(for_bob: Client, sandbox: Sandbox) -> None:
    sandbox.lead_writes(LEAD, "Oi", name=None)

    page = text(get(for_bob, "/"))

    assert "+55 11 99999-0001" in page
    assert "5511999990001" not in page


def test_the_list_has_pages(for_bob: Client, sandbox: Sandbox) -> None:
    for number in range(55):
        sandbox.lead_writes(f"55119999{number:05}@s.whatsapp.net", "Oi", name=f"Lead {number}")

    first, second = text(get(for_bob, "/")), text(get(for_bob, "/?page=2"))

    assert first.count('class="row"') == 50
    assert second.count('class="row"') == 5
    assert "50 of 55" in first
    assert 'rel="next" href="/?page=2"' in first
    assert 'rel="prev"' in second


def test_htmx_gets_the_list_alone(for_bob: Client, sandbox: Sandbox) -> None:
    sandbox.lead_writes(LEAD, "Oi", name="Mariana")

    response = get(for_bob, "/", headers={"HX-Request": "true", "HX-Target": "list"})

    assert "Mariana" in text(response)
    assert "<html" not in text(response)
    assert "HX-Target" in response["Vary"]
    assert "no-store" in response["Cache-Control"]


def test_without_a_gateway_the_list_says_so(for_bob: Client, settings: Settings) -> None:
    settings.EVOLUTION_API_URL = "http://127.0.0.1:9"

    response = get(for_bob, "/")

    assert response.status_code == 200
    assert "The gateway does not answer for voice_sdr_v4 since" in text(response)
    assert "The conversations cannot be read now." in text(response)


def test_the_list_costs_a_handful_of_queries(
    for_bob: Client, sandbox: Sandbox, django_assert_max_num_queries: Callable[[int], Any]
) -> None:
    for number in range(30):
        jid = f"55119999{number:05}@s.whatsapp.net"
        sandbox.lead_writes(jid, "Oi", name=f"Lead {number}")
        control.ensure(Key(INSTANCE, JID(jid)))
    get(for_bob, "/")

    with django_assert_max_num_queries(13):
        get(for_bob, "/")


# --------------------------------------------------------------------------------------------------- a conversation


def test_a_conversation_shows_each_author(for_bob: Client, bob: User, sandbox: Sandbox) -> None:
    sandbox.lead_writes(LEAD, "Oi", name="Mariana", at=sandbox.clock() - 40)
    sandbox.another_integration_sends(LEAD, "Da outra integração")
    sandbox.phone_types(LEAD, "Do celular")
    sending.send_as_rep(MARIANA, "Do vendedor", bob)

    page = text(get(for_bob))

    for author in ("by-lead", "by-other", "by-phone", "by-rep"):
        assert author in page
    assert "Bob" in page


def test_a_strangers_text_is_text(for_bob: Client, sandbox: Sandbox) -> None:
    sandbox.lead_writes(LEAD, "<script>alert(1)</script> https://a.example/?q=<b>", name='"><img src=x>')

    page = text(get(for_bob))

    assert "<script>alert(1)" not in page
    assert "<img src=x>" not in page
    assert 'href="https://a.example/?q="' in page


def test_looking_leaves_no_trace(for_bob: Client, sandbox: Sandbox) -> None:
    sandbox.lead_writes(LEAD, "Oi")

    get(for_bob)

    assert not sandbox.read_marks
    assert not Control.objects.exists()


def test_edits_deletions_and_reactions_are_shown(for_bob: Client, sandbox: Sandbox) -> None:
    edited, deleted = sandbox.lead_writes(LEAD, "Quanto cust"), sandbox.lead_writes(LEAD, "opa, errei")
    liked = sandbox.phone_types(LEAD, "Custa 100")
    sandbox.lead_edits(edited, "Quanto custa?", webhook=False)
    sandbox.lead_deletes(deleted, webhook=False)
    sandbox.lead_reacts(liked, "👍")

    page = text(get(for_bob))

    assert "edited" in page
    assert "Deleted message" in page
    assert "👍" in page
    assert page.count('class="bubble') == 3


def test_old_addresses_lead_to_the_merged_conversation(for_bob: Client) -> None:
    lid = Key(INSTANCE, JID("7771@lid"))
    identity.learn(INSTANCE, lid.conversation, LEAD)

    response = for_bob.get(f"/c/{INSTANCE}/{opaque_id(lid)}/")

    assert (response.status_code, response["Location"]) == (302, PAGE)


def test_without_a_gateway_the_conversation_says_so_and_can_be_tried_again(for_bob: Client, settings: Settings) -> None:
    settings.EVOLUTION_API_URL = "http://127.0.0.1:9"

    response = get(for_bob)

    assert response.status_code == 200
    assert "The gateway does not answer." in text(response)
    assert "Try again" in text(response)


def test_a_broken_gateway_is_a_sentence(for_bob: Client, sandbox: Sandbox) -> None:
    sandbox.failures.add(Failure("/chat/findMessages", times=9))

    response = get(for_bob)

    assert response.status_code == 200
    assert "The gateway does not answer." in text(response)


def _ids(page: str) -> list[str]:
    return re.findall(r'id="message-([^"]+)"', page)


def _older(page: str) -> str:
    """Where the link to older messages leads, "" without one."""
    found = re.search(r'id="older"><a class="button" href="([^"]+\?before=\d+)"', page)
    return found[1] if found else ""


def _all_pages(client: Client) -> list[str]:
    """The ids of all pages, as somebody without scripts reads up: oldest first."""
    page = text(get(client))
    ids = _ids(page)
    for _ in range(20):
        if not (older := _older(page)):
            break
        page = text(get(client, older))
        ids = _ids(page) + ids
    return ids


def test_older_messages_are_a_page_further_each_once(for_bob: Client, sandbox: Sandbox) -> None:
    start = sandbox.clock() - 900
    sent = [sandbox.lead_writes(LEAD, f"mensagem {number}", at=start + number) for number in range(120)]

    first = text(get(for_bob))

    assert _ids(first) == sent[-50:]
    assert "Newest messages" not in first
    assert "Newest messages" in text(get(for_bob, _older(first)))
    assert _all_pages(for_bob) == sent


def test_messages_of_one_second_are_neither_lost_nor_told_twice(for_bob: Client, sandbox: Sandbox) -> None:
    start = int(sandbox.clock()) - 900
    sent = [sandbox.lead_writes(LEAD, f"m {number}", at=start + number // 40) for number in range(200)]

    found = _all_pages(for_bob)

    assert sorted(found) == sorted(sent)


def test_older_messages_come_from_both_addresses_of_a_lead(for_bob: Client, sandbox: Sandbox) -> None:
    lid = JID("7771@lid")
    identity.learn(INSTANCE, lid, LEAD)
    start = sandbox.clock() - 900
    sent = [sandbox.lead_writes((LEAD, lid)[number % 3 > 0], f"m {number}", at=start + number) for number in range(130)]

    assert _all_pages(for_bob) == sent


@pytest.mark.parametrize("before", ["", "x", "-5", "99999999999", "9" * 40, "0", "١٢"])
def test_nonsense_for_a_moment_is_no_error(for_bob: Client, sandbox: Sandbox, before: str) -> None:
    sandbox.lead_writes(LEAD, "Oi")

    assert get(for_bob, f"{PAGE}?before={before}").status_code == 200


def test_a_quote_leads_to_the_page_of_what_it_quotes(for_bob: Client, sandbox: Sandbox) -> None:
    start = sandbox.clock() - 900
    sent = [sandbox.lead_writes(LEAD, f"mensagem {number}", name="Mariana", at=start + number) for number in range(90)]
    sandbox.lead_writes(LEAD, "sobre isso", name="Mariana", quoted=sent[10])
    link = f"{PAGE}?at={sent[10]}#message-{sent[10]}"

    page = text(get(for_bob))

    assert f'href="{link}"' in page
    assert _ids(text(get(for_bob, link)))[-1] == sent[10]


def test_a_quote_of_another_conversation_leads_nowhere_else(for_bob: Client, sandbox: Sandbox) -> None:
    other = sandbox.lead_writes("5511999990002@s.whatsapp.net", "segredo")
    sandbox.lead_writes(LEAD, "Oi")

    assert "segredo" not in text(get(for_bob, f"{PAGE}?at={other}")).split('id="messages"')[1]


def test_a_quote_says_who_is_quoted(for_bob: Client, bob: User, sandbox: Sandbox) -> None:
    ours = sending.send_as_rep(MARIANA, "Custa 100", bob)
    sandbox.lead_writes(LEAD, "por mês?", name="Mariana", quoted=ours.id)

    quote = text(get(for_bob)).split('class="quote"')[1].split("</a>")[0]

    assert "Bob" in quote
    assert "Custa 100" in quote


def test_the_name_stands_once_over_a_group_of_bubbles(for_bob: Client, sandbox: Sandbox) -> None:
    now = sandbox.clock()
    for second in (0, 10, 20, 900):
        sandbox.lead_writes(LEAD, f"m {second}", at=now - 2000 + second)

    assert text(get(for_bob)).count("is-continued") == 2


def test_what_came_since_the_last_look_is_marked(for_bob: Client, bob: User, sandbox: Sandbox) -> None:
    sandbox.lead_writes(LEAD, "antes", at=sandbox.clock() - 500)
    sandbox.lead_writes(LEAD, "depois", at=sandbox.clock() - 100)
    looked = timezone.now() - timedelta(seconds=300)
    Seen.objects.create(user=bob, instance=INSTANCE, conversation=LEAD, at=looked)

    page = text(get(for_bob)).split('id="messages"')[1]

    assert page.index("antes") < page.index('id="new-from"') < page.index("depois")


def test_every_kind_of_message_is_shown(for_bob: Client, sandbox: Sandbox) -> None:
    at = int(sandbox.clock())
    ids = [
        sandbox.lead_sends(LEAD, make(at))
        for make in (samples.photo, samples.film, samples.voice, samples.paper, samples.sticker, samples.card,
                     samples.once)
    ]  # fmt: skip
    sandbox.lead_sends(LEAD, contents.location(-23.5, -46.6, "Padaria", "Rua A"))

    page = text(get(for_bob))

    for id in ids[:5]:
        assert f'"{PAGE}media/{id}/' in page
    assert 'width="512" height="288"' in page
    assert 'data-seconds="9"' in page
    assert "Proposta comercial.pdf" in page
    assert 'data-copy="+55 31 97702-0099"' in page
    assert "It can only be opened on the phone." in page
    assert "openstreetmap.org" in page


@pytest.mark.parametrize(
    ("key", "words"),
    [("a-key", "Not transcribed yet"), ("", "The demonstration bot does not hear voice messages")],
)
def test_a_voice_message_without_words_says_whether_anybody_will_hear_it(
    for_bob: Client, sandbox: Sandbox, settings: Settings, key: str, words: str
) -> None:
    settings.GEMINI_API_KEY = key
    sandbox.lead_sends(LEAD, samples.voice(int(sandbox.clock())))

    assert words in text(get(for_bob))


def test_what_the_gateway_heard_is_read_as_the_transcript(for_bob: Client, sandbox: Sandbox) -> None:
    sandbox.lead_sends(LEAD, samples.voice(int(sandbox.clock()), "Quero organizar isso"))

    assert "Quero organizar isso" in text(get(for_bob)).partition('class="transcript"')[2]


def test_a_conversation_of_fifty_costs_a_handful_of_queries(
    for_bob: Client, sandbox: Sandbox, django_assert_max_num_queries: Callable[[int], Any]
) -> None:
    for number in range(25):
        sandbox.lead_writes(LEAD, "Oi", at=sandbox.clock() - 100 + number)
        sandbox.phone_types(LEAD, "Olá")
    get(for_bob)

    with django_assert_max_num_queries(26):
        get(for_bob)


@pytest.mark.parametrize("target", ["messages", "older", "control", "list"])
def test_htmx_gets_each_part_alone(for_bob: Client, sandbox: Sandbox, target: str) -> None:
    sandbox.lead_writes(LEAD, "Oi")

    page = text(get(for_bob, headers={"HX-Request": "true", "HX-Target": target}))

    assert page.strip()
    assert "<html" not in page


# -------------------------------------------------------------------------------------------------- acts of control


def test_take_over_says_what_it_guarantees(for_bob: Client, bob: User) -> None:
    response = post(for_bob, "take-over", headers={"HX-Request": "true"})

    assert control.current(MARIANA).holder == bob
    assert "From now on the bot sends nothing here." in text(response)
    assert "You have this conversation." in text(response)


def test_take_over_is_honest_about_a_message_on_its_way(for_bob: Client) -> None:
    row = control.ensure(MARIANA)
    Sent.objects.create(token="t", instance=INSTANCE, conversation=LEAD, author="bot", at=timezone.now())
    Control.objects.filter(pk=row.pk).update(sending="t", sending_at=timezone.now())

    response = post(for_bob, "take-over", headers={"HX-Request": "true"})

    assert "may still go out" in text(response)


def test_without_scripts_an_act_leads_back_to_the_page_and_says_the_same(for_bob: Client) -> None:
    response = for_bob.post(f"{PAGE}take-over/", follow=True, headers={"Accept-Language": "en"})

    assert response.redirect_chain == [(PAGE, 302)]
    assert "From now on the bot sends nothing here." in text(response)


@pytest.mark.parametrize(
    ("length", "minutes"), [("30", 30), ("60", 60), ("240", 240), ("tomorrow", None), ("always", None)]
)
def test_a_pause_lasts_as_chosen(for_bob: Client, length: str, minutes: int | None) -> None:
    before = timezone.now()

    post(for_bob, "pause", length=length)

    row = control.current(MARIANA)
    assert row.mode_at(before) is Mode.PAUSED
    if minutes is not None:
        assert row.until is not None
        assert abs((row.until - before).total_seconds() - minutes * 60) < 60
    elif length == "tomorrow":
        assert row.until is not None
        assert timezone.localtime(row.until).strftime("%H:%M") == "08:00"
    else:
        assert row.until is None


@pytest.mark.parametrize("length", ["", "1", "-5", "ever"])
def test_a_pause_of_no_length_is_refused(for_bob: Client, length: str) -> None:
    assert post(for_bob, "pause", length=length).status_code == 400
    assert not Control.objects.exists()


def test_resume_and_hand_back_return_to_the_bot(for_bob: Client) -> None:
    post(for_bob, "pause", length="always")
    post(for_bob, "resume")
    assert control.current(MARIANA).mode == Mode.BOT

    post(for_bob, "take-over")
    response = post(for_bob, "hand-back", headers={"HX-Request": "true"})
    assert control.current(MARIANA).mode == Mode.BOT
    assert "The bot answers here again." in text(response)


def test_what_the_bot_was_about_to_say_is_offered(for_bob: Client, bob: User) -> None:
    sending.keep_draft(MARIANA, ["Temos dois planos.", "Qual prefere?"])
    control.take_over(MARIANA, bob)

    assert "Temos dois planos." in text(get(for_bob))
    assert "Temos dois planos.\n\nQual prefere?</textarea>" in text(get(for_bob, f"{PAGE}?draft=1"))


def test_who_waits_for_a_person_says_why(for_bob: Client) -> None:
    row = control.ensure(MARIANA)
    Control.objects.filter(pk=row.pk).update(mode=Mode.WAITING, reason=Reason.ASKED_FOR_PERSON)
    briefs.keep(MARIANA, Brief("Quer negociar o preço."))

    page = text(get(for_bob))

    assert "Waits for a person." in page
    assert "Asked for a person" in page
    assert "Quer negociar o preço." in page


# -------------------------------------------------------------------------------------------------------- answering


def test_an_answer_goes_out_and_takes_the_conversation_over(for_bob: Client, bob: User, sandbox: Sandbox) -> None:
    response = answer(for_bob, "Olá,\r\nMariana", headers=HTMX)

    assert [sent.text for sent in sandbox.sent(LEAD)] == ["Olá,\nMariana"]
    assert control.current(MARIANA).holder == bob
    assert 'hx-swap-oob="beforeend:#messages"' in text(response)
    assert "You have this conversation." in text(response)
    assert "></textarea>" in text(response)


def test_without_scripts_an_answer_leads_back_to_the_page(for_bob: Client, sandbox: Sandbox) -> None:
    response = answer(for_bob)

    assert (response.status_code, response["Location"]) == (302, f"{PAGE}#end")
    assert len(sandbox.sent(LEAD)) == 1


@pytest.mark.parametrize("headers", [HTMX, {}])
def test_the_same_form_sends_once(for_bob: Client, sandbox: Sandbox, headers: dict[str, str]) -> None:
    token = uuid.uuid4().hex

    first, second = (answer(for_bob, token=token, headers=headers) for _ in range(2))

    assert len(sandbox.sent(LEAD)) == 1
    assert first.status_code == second.status_code


def test_other_words_under_a_token_whose_answer_got_lost_are_another_message(for_bob: Client, sandbox: Sandbox) -> None:
    token = uuid.uuid4().hex
    answer(for_bob, "Olá", token=token, headers=HTMX)

    response = answer(for_bob, "O valor é R$ 99,00", token=token, headers=HTMX, anyway="1")

    assert [sent.text for sent in sandbox.sent(LEAD)] == ["Olá", "O valor é R$ 99,00"]
    assert "O valor é R$ 99,00" in text(response)


def test_a_form_that_was_sent_before_takes_nothing_over(for_bob: Client, bob: User, sandbox: Sandbox) -> None:
    token = uuid.uuid4().hex
    answer(for_bob, token=token)
    control.hand_back(MARIANA, bob)

    answer(for_bob, token=token)

    assert control.current(MARIANA).mode == "bot"
    assert len(sandbox.sent(LEAD)) == 1


def test_a_form_that_is_on_its_way_for_long_is_not_said_to_be_sent(
    for_bob: Client, bob: User, sandbox: Sandbox, settings: Settings
) -> None:
    settings.TAKEOVER_WAIT_SECONDS = 0.1
    token = uuid.uuid4().hex
    answer(for_bob, token=token)
    Sent.objects.update(state=Sent.State.OPEN)
    Control.objects.update(sending=Sent.objects.get().token, sending_at=timezone.now())

    response = text(answer(for_bob, token=token, headers=HTMX))

    assert "We do not know whether this message went out." in response
    assert len(sandbox.sent(LEAD)) == 1


@pytest.mark.parametrize("token", ["", "x", "A" * 32, "../" + "a" * 29])
def test_a_form_without_a_token_of_ours_sends_nothing_and_keeps_the_text(
    for_bob: Client, sandbox: Sandbox, token: str
) -> None:
    response = post(for_bob, "send", text="Olá, Mariana", token=token, headers=HTMX)

    assert sandbox.sent(LEAD) == []
    assert "This form is no longer good." in text(response)
    assert "Olá, Mariana</textarea>" in text(response)


@pytest.mark.parametrize("said", ["", "   \n "])
def test_nothing_is_not_sent(for_bob: Client, sandbox: Sandbox, said: str) -> None:
    response = answer(for_bob, said, headers=HTMX)

    assert sandbox.sent(LEAD) == []
    assert "Write something first." in text(response)


@pytest.mark.parametrize("headers", [HTMX, {}])
def test_what_could_not_be_sent_comes_back_with_the_reason(
    for_bob: Client, settings: Settings, headers: dict[str, str]
) -> None:
    settings.EVOLUTION_API_URL = "http://127.0.0.1:9"

    response = answer(for_bob, "Olá, Mariana", headers=headers)

    assert response.status_code == 200
    assert "Not sent. The gateway does not answer." in text(response)
    assert "Olá, Mariana</textarea>" in text(response)


def test_after_a_failure_the_text_is_sent_by_the_new_form(
    for_bob: Client, sandbox: Sandbox, settings: Settings
) -> None:
    there, settings.EVOLUTION_API_URL = settings.EVOLUTION_API_URL, "http://127.0.0.1:9"
    token = uuid.uuid4().hex
    page = text(answer(for_bob, token=token, headers=HTMX))
    settings.EVOLUTION_API_URL = there

    again = answer(for_bob, token=token, headers=HTMX)
    new = page.split('name="token" value="')[1][:32]
    answer(for_bob, token=new, headers=HTMX)

    assert "Not sent. Please try again." in text(again)
    assert len(sandbox.sent(LEAD)) == 1


@pytest.mark.parametrize("headers", [HTMX, {}])
def test_an_unclear_send_is_told_as_it_is_and_not_offered_again(
    for_bob: Client, sandbox: Sandbox, headers: dict[str, str]
) -> None:
    sandbox.failures.add(Failure("/message/sendText", "after"))

    response = answer(for_bob, "Olá, Mariana", headers=headers)

    assert "We do not know whether this message went out." in text(response)
    assert "Olá, Mariana</blockquote>" in text(response)
    assert f'data-token="{Sent.objects.get().token}" data-text="Olá, Mariana"' in text(response)
    assert "Olá, Mariana</textarea>" not in text(response)


def test_a_message_that_turned_out_lost_is_told_until_another_one_goes_out(
    for_bob: Client, bob: User, for_olga: Client
) -> None:
    facts = {"instance": INSTANCE, "conversation": LEAD, "author": "rep", "rep": bob, "at": timezone.now()}
    Sent.objects.create(token="t", state=Sent.State.NOT_SENT, **facts)

    page = text(get(for_bob))
    assert "What you wrote" in page
    assert 'data-fates="t:not_sent"' in page
    assert "data-fates" not in text(get(for_olga))
    assert "What you wrote" not in text(get(for_olga))

    answer(for_bob, token="a" * 32)

    assert "What you wrote" not in text(get(for_bob))
    assert f'data-fates="{Sent.objects.latest("at").token}:sent t:not_sent"' in text(get(for_bob))


# ------------------------------------------------------------------------------------------------------- the switch


def test_a_manager_switches_the_bot_off_and_every_page_says_so(for_alice: Client, alice: User) -> None:
    switches.switch(None, INSTANCE, True)

    response = for_alice.post("/switch/", {"instance": "", "on": "0"}, follow=True, headers={"Accept-Language": "en"})

    assert not switches.is_on(INSTANCE)
    assert AuditEntry.objects.latest("pk").rep == alice
    assert "The bot is switched off: it answers nobody until somebody switches it on." in text(response)


@pytest.mark.parametrize("data", [{"instance": "another", "on": "1"}, {"instance": INSTANCE}, {"on": "maybe"}])
def test_nonsense_switches_nothing(for_alice: Client, data: dict[str, str]) -> None:
    assert for_alice.post("/switch/", data).status_code == 400
    assert not AuditEntry.objects.exists()


# -------------------------------------------------------------------------------------------------- every page


@pytest.mark.parametrize("path", ["/", PAGE, "/login/", "/nowhere/"])
def test_no_page_has_anything_inline(for_alice: Client, client: Client, path: str) -> None:
    page = text(get(client if path == "/login/" else for_alice, path))

    assert " style=" not in page
    assert "<style" not in page
    assert " onclick=" not in page
    assert "javascript:" not in page
    assert all("src=" in tag.split(">")[0] for tag in page.split("<script")[1:])


@pytest.mark.parametrize("path", ["/", PAGE])
def test_every_live_part_sits_on_a_link_or_a_form(for_alice: Client, sandbox: Sandbox, path: str) -> None:
    sandbox.lead_writes(LEAD, "Oi")
    page = text(get(for_alice, path))

    for verb, tags in (("hx-get", ("<a ", "<form ")), ("hx-post", ("<form ",))):
        for before in page.split(f"{verb}=")[:-1]:
            assert before[before.rindex("<") :].startswith(tags)


def test_every_page_says_what_is_a_stand_in(client: Client, settings: Settings) -> None:
    settings.STAND_INS, settings.GEMINI_API_KEY = ("sandbox",), ""

    page = text(get(client, "/login/"))

    assert "no message leaves this machine" in page
    assert "an offline bot answers" in page


def test_portuguese_is_what_people_get_who_ask_for_nothing(client: Client) -> None:
    page = text(client.get("/login/"))

    assert '<html lang="pt-br" ' in page
