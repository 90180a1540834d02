"""The managers' page about the bot: changed, tried before it is saved, compared and brought back."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse
from django.utils import translation

from bot.forms import SettingsForm
from bot.models import BotSettings, SettingsVersion, setting_fields
from bot.sections import SECTIONS
from bot.versions import differences
from bot.views import rehearsal as views
from conversations import inbox, sealed
from conversations.evolution.sandbox import Sandbox
from conversations.message import Key
from people.models import Profile
from tests.bot.conftest import INSTANCE
from tests.factories import LEAD
from tests.fake_gemini import FakeGemini

PAGE, TRY = "/bot/", "/bot/try/"
HTMX = {"HX-Request": "true", "HX-Target": "rehearsal"}


@pytest.fixture(autouse=True)
def _no_list() -> Any:
    inbox.forget()
    yield
    inbox.forget()


def values(**changes: Any) -> dict[str, Any]:
    """What the page posts when nothing but `changes` was typed."""
    form = SettingsForm(instance=BotSettings.load())
    shown = {name: form[name].value() for name in form.fields}
    posted = {name: value for name, value in shown.items() if value is not None and value is not False}
    posted["based_on"] = form.base
    return {**posted, "hours_open": "08:00", "hours_close": "18:00", **changes}


# ------------------------------------------------------------------------------------------------------- who may what


def test_strangers_log_in_and_reps_are_refused(clients: Callable[..., Client], db: None) -> None:
    assert Client().get(PAGE).status_code == 302
    rep = clients("Vendedores", name="bob")
    for page in (PAGE, "/bot/versions/", "/bot/versions/1/"):
        assert rep.get(page).status_code == 403, page
    assert rep.post(TRY).status_code == 403
    assert rep.post("/bot/versions/1/restore/").status_code == 403


def test_who_may_only_look_reads_and_changes_nothing(clients: Callable[..., Client]) -> None:
    reader = clients("Vendedores", "view_botsettings", name="bob")
    page = reader.get(PAGE)

    assert b"disabled" in page.content
    assert b'id="try"' not in page.content
    assert reader.post(PAGE, values(company="Outra")).status_code == 403
    assert reader.post(TRY, values(words="Oi")).status_code == 403
    assert BotSettings.load().company == ""


def test_the_page_leads_to_itself_and_is_kept_nowhere(manager: Client) -> None:
    page = manager.get(PAGE)

    assert page["Cache-Control"] == "no-store, private"
    assert b'href="/bot/" aria-current="page"' in page.content


def test_the_page_leads_to_the_quick_answers_whom_the_admin_lets_in(manager: Client) -> None:
    there = b'href="/admin/conversations/quickanswer/"'
    assert there not in manager.get(PAGE).content

    User.objects.update(is_staff=True)

    assert there in manager.get(PAGE).content


# -------------------------------------------------------------------------------------------------------- the form


def test_every_setting_stands_in_one_section() -> None:
    placed = [name for section in SECTIONS for name in section.fields]

    assert sorted(placed) == sorted(field.attname for field in setting_fields())


def test_a_whole_number_has_no_decimals(manager: Client) -> None:
    page = manager.get(PAGE).content.decode()

    assert re.search(r'name="debounce_idle_seconds" value="6"', page)
    assert re.search(r'name="temperature" value="0.4"', page)
    assert 'value="6.0"' not in page
    assert "step" in page.partition('name="temperature"')[2].partition(">")[0]


def test_versions_compare_numbers_as_people_write_them() -> None:
    with translation.override("pt-br"):
        found = differences({"temperature": "0.4", "debounce_cap_seconds": "30.0"}, {"temperature": "1.0"})

    assert [piece.text for one in found for piece in one.pieces] == ["0,4", "1", "30", "(vazio)"]


def test_each_version_has_a_name_of_its_own_and_buttons(manager: Client, clients: Callable[..., Client]) -> None:
    for company in ("A", "B"):
        manager.post(PAGE, values(company=company))
    oldest, _older, newest = SettingsVersion.objects.order_by("pk")

    page = manager.get("/bot/versions/", headers={"Accept-Language": "en"}).content.decode()
    for_reader = clients("Vendedores", "view_botsettings", name="bob").get("/bot/versions/").content.decode()

    assert f"Version {oldest.pk}" in page
    assert f'href="/bot/versions/{oldest.pk}/?with={newest.pk}"' in page
    assert f'href="/bot/versions/{newest.pk}/?with=' not in page
    assert "?with=" not in for_reader


def test_a_page_of_versions_leads_to_the_older_ones(manager: Client) -> None:
    row = BotSettings.load()
    for number in range(101):
        row.company = f"Loja {number}"
        row.save()
    in_order = list(SettingsVersion.objects.values_list("pk", flat=True))
    oldest_here, newest = in_order[99], in_order[0]

    first, rest = (manager.get("/bot/versions/" + query).content.decode() for query in ("", f"?before={oldest_here}"))

    assert f'href="?before={oldest_here}"' in first
    assert listed(first) == in_order[:100]
    assert listed(rest) == in_order[100:]
    assert 'href="?before=' not in rest
    assert rest.count(f"?with={newest}") == len(in_order[100:])
    assert listed(manager.get("/bot/versions/?before=" + "9" * 5000).content.decode()) == in_order[:100]


def listed(page: str) -> list[int]:
    return [int(found) for found in re.findall(r'href="/bot/versions/(\d+)/" aria', page)]


def test_saving_changes_what_was_changed_and_keeps_a_version(manager: Client) -> None:
    answer = manager.post(PAGE, values(company="Dental Sorriso", hours_days=["1", "6"], hours_only="on"))

    assert answer.status_code == 302
    row = BotSettings.load()
    assert (row.company, row.hours_days, row.hours_only, row.persona_name) == ("Dental Sorriso", "16", True, "Clara")
    newest = SettingsVersion.objects.first()
    assert newest is not None
    assert newest.by == User.objects.get()
    assert newest.values["company"] == "Dental Sorriso"


def test_saving_without_a_change_makes_no_version(manager: Client) -> None:
    manager.post(PAGE, values())
    before = SettingsVersion.objects.count()

    manager.post(PAGE, values())

    assert SettingsVersion.objects.count() == before == 1


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"temperature": "9"}, "Write a number from 0 to 2."),
        ({"temperature": "morno"}, "Write a number from 0 to 2."),
        ({"history_length": "0"}, "Write a number from 1 to 100."),
        ({"phone_hold_minutes": "999999999999"}, "Write a number from 0 to 40,320."),
        ({"instance_turns_per_hour": "100001"}, "Write a number from 0 to 100,000."),
        ({"persona_name": "\u200b\u2060"}, "Write something that can be seen."),
        ({"debounce_idle_seconds": "50"}, "Must not be shorter than the wait after the last message."),
        ({"hours_only": "on", "hours_days": []}, "With business hours on there must be at least one day."),
        ({"hours_only": "on", "hours_close": "08:00"}, "Must differ from the time of opening."),
    ],
)
def test_what_is_wrong_is_told_beside_its_field_and_above_and_what_was_typed_stays(
    manager: Client, changes: dict[str, Any], words: str
) -> None:
    page = manager.post(PAGE, values(company="Digitado", **changes)).content.decode()

    assert page.count(words) == 2
    assert 'href="#field-' in page
    assert 'aria-invalid="true"' in page
    assert "Digitado" in page
    assert "data-unsaved" in page
    assert BotSettings.load().company == ""


def test_what_somebody_else_saved_meanwhile_is_not_overwritten_unseen(manager: Client) -> None:
    mine = values(company="Minha")
    row = BotSettings.load()
    row.company = "Da outra"
    row.save()

    page = manager.post(PAGE, mine)

    assert "saved other settings meanwhile" in page.content.decode()
    assert BotSettings.load().company == "Da outra"
    found = re.search(r'name="based_on" value="(\d+)"', page.content.decode())
    assert found is not None
    assert manager.post(PAGE, {**mine, "based_on": found[1]}).status_code == 302
    assert BotSettings.load().company == "Minha"


def test_a_page_from_before_the_first_save_does_not_overwrite_it_unseen(manager: Client) -> None:
    mine = values(company="Minha")
    manager.post(PAGE, values(company="Da outra"))

    page = manager.post(PAGE, {**mine, "based_on": ""})

    assert "saved other settings meanwhile" in page.content.decode()
    assert BotSettings.load().company == "Da outra"


# --------------------------------------------------------------------------------------------------------- versions


def test_the_admin_keeps_a_version_too(clients: Callable[..., Client]) -> None:
    person = clients(name="alice")
    User.objects.update(is_staff=True)
    address = reverse("admin:bot_botsettings_change", args=[BotSettings.load().pk])

    answer = person.post(address, values(company="Pelo admin", hours_days="12345", blue_ticks="never"))

    assert answer.status_code == 302
    newest = SettingsVersion.objects.first()
    assert newest is not None
    assert newest.by == User.objects.get()
    assert newest.values["company"] == "Pelo admin"


def test_versions_are_compared_word_by_word(manager: Client) -> None:
    manager.post(PAGE, values(offer="Plano por R$ 149 ao mês"))
    manager.post(PAGE, values(offer="Plano por R$ 199 ao mês", hours_only="on"))
    newest = SettingsVersion.objects.first()
    assert newest is not None

    page = manager.get(f"/bot/versions/{newest.pk}/").content.decode()

    assert re.search(r"Plano por R\$ <del>.*149</del><ins>.*199</ins> ao mês", page)
    assert re.search(r"<del>.*no</del><ins>.*yes</ins>", page)
    assert "2 settings changed" in page
    oldest = SettingsVersion.objects.last()
    assert oldest is not None
    turned = manager.get(f"/bot/versions/{oldest.pk}/", {"with": newest.pk}).content.decode()
    assert re.search(r"<del>.*Plano por R\$ 199 ao mês</del>", turned), "what restoring it would take away"
    assert f"Restoring version {oldest.pk} would change 2 settings" in turned
    assert "Alice" in manager.get("/bot/versions/").content.decode()


@pytest.mark.parametrize(("closes", "is_told"), [("18:00", True), ("20:00", False)])
def test_hours_that_run_past_midnight_are_kept_and_told(manager: Client, closes: str, is_told: bool) -> None:
    answer = manager.post(PAGE, values(hours_open="19:00", hours_close=closes))

    assert any("past midnight" in str(word) for word in get_messages(answer.wsgi_request)) is is_told
    assert str(BotSettings.load().hours_open) == "19:00:00"


def test_restoring_brings_all_values_back_as_a_new_version(manager: Client) -> None:
    manager.post(PAGE, values(company="Antes", temperature="0.9", hours_open="09:30"))
    old = SettingsVersion.objects.first()
    assert old is not None
    manager.post(PAGE, values(company="Depois", temperature="0.1"))

    manager.post(f"/bot/versions/{old.pk}/restore/")

    row = BotSettings.load()
    assert (row.company, row.temperature, str(row.hours_open)) == ("Antes", 0.9, "09:30:00")
    newest = SettingsVersion.objects.first()
    assert newest is not None
    assert newest.restores == old
    assert newest.values == old.values
    assert SettingsVersion.objects.count() == 4


def test_a_version_that_is_valid_no_more_is_not_restored(manager: Client) -> None:
    BotSettings.load()
    first = SettingsVersion.objects.get()
    SettingsVersion.objects.filter(pk=first.pk).update(values=first.values | {"temperature": "7"})

    answer = manager.post(f"/bot/versions/{first.pk}/restore/")

    assert "cannot be restored" in str(next(iter(get_messages(answer.wsgi_request))))
    assert BotSettings.load().temperature == 0.4


def test_no_secret_is_in_a_version(settings: Any, db: None) -> None:
    settings.GEMINI_API_KEY = "a-key-that-nobody-sees"
    BotSettings.load()

    held = str(SettingsVersion.objects.get().values)

    secrets = (settings.SECRET_KEY, settings.WEBHOOK_SECRET, settings.EVOLUTION_API_KEY, settings.GEMINI_API_KEY)
    assert not [secret for secret in secrets if secret in held]


# ---------------------------------------------------------------------------------------------------------- trying


def test_it_is_tried_with_what_is_not_saved(manager: Client, bot: BotSettings, gemini: FakeGemini) -> None:
    gemini.will_answer("Oi! <b>Sou</b> a Bia.")

    answer = manager.post(TRY, values(persona_name="Bia", words="Oi <script>"), headers=HTMX)

    page = answer.content.decode()
    assert answer.templates[0].name == "bot/_rehearsed.html"
    assert "Oi! &lt;b&gt;Sou&lt;/b&gt; a Bia." in page
    assert "Nome: Bia" in page
    assert "&lt;script&gt;" in page
    assert "<script>" not in page
    assert 'name="turn" value="lOi &lt;script&gt;"' in page
    assert BotSettings.load().persona_name == "Clara"


def test_the_next_turn_knows_the_ones_before(manager: Client, bot: BotSettings, gemini: FakeGemini) -> None:
    gemini.will_answer("Entendi.")

    page = manager.post(TRY, values(words="seis", turn=["lOi", "bQuantos são?"]), headers=HTMX).content.decode()

    assert page.index("lOi") < page.index("bQuantos") < page.index("lseis") < page.index("bEntendi.")


def test_without_scripts_the_page_comes_back_with_what_was_typed(
    manager: Client, bot: BotSettings, gemini: FakeGemini
) -> None:
    gemini.will_answer("Oi!")

    page = manager.post(TRY, values(company="Sem salvar", words="Oi")).content.decode()

    assert "<html" in page
    assert "Sem salvar" in page
    assert "It would send 1 message." in page
    assert "data-unsaved" in page


def test_a_try_that_changed_no_setting_leaves_nothing_to_save(
    manager: Client, bot: BotSettings, gemini: FakeGemini
) -> None:
    gemini.will_answer("Oi!")

    assert "data-unsaved" not in manager.post(TRY, values(words="Oi")).content.decode()


def test_settings_that_are_wrong_are_named_before_a_token_is_spent(
    manager: Client, bot: BotSettings, gemini: FakeGemini
) -> None:
    page = manager.post(TRY, values(temperature="9", words="Oi"), headers=HTMX).content.decode()

    assert "First mend these settings: Temperature." in page
    assert len(gemini.requests) == 0


def test_an_error_of_the_model_is_told_in_words_and_the_turn_is_not_kept(
    manager: Client, bot: BotSettings, gemini: FakeGemini
) -> None:
    gemini.will_fail(429)

    page = manager.post(TRY, values(words="Oi"), headers=HTMX).content.decode()

    assert "its limit is reached" in page
    assert "data-failed" in page
    assert 'name="turn"' not in page


def test_a_person_may_not_try_without_end(
    manager: Client, bot: BotSettings, gemini: FakeGemini, clients: Callable[..., Client]
) -> None:
    gemini.will_answer("Oi!")
    for _ in range(views.MOST):
        manager.post(TRY, values(handoff_phrases="Oi", words="Oi"), headers=HTMX)

    assert "each try costs tokens" in manager.post(TRY, values(words="Oi"), headers=HTMX).content.decode()
    other = clients(name="carla")
    assert "It would send" in other.post(TRY, values(words="Oi"), headers=HTMX).content.decode()


def test_a_real_conversation_is_read_and_answered(
    manager: Client, bot: BotSettings, gemini: FakeGemini, sandbox: Sandbox
) -> None:
    sandbox.lead_writes(LEAD, "Quanto custa?", name="Marina Alves")
    place = f"{INSTANCE}/{sealed.opaque_id(Key(INSTANCE, LEAD))}"
    gemini.will_answer("R$ 149.")

    offered = manager.get(PAGE).content.decode()
    page = manager.post(TRY, values(conversation=place, moment="last"), headers=HTMX).content.decode()

    assert f'<option value="{place}">Marina Alves</option>' in offered
    assert "Quanto custa?" in page
    assert "R$ 149." in page
    assert sandbox.sent() == []


def test_as_it_stands_a_conversation_on_a_switched_off_number_is_silent(
    manager: Client, sandbox: Sandbox, gemini: FakeGemini
) -> None:
    sandbox.lead_writes(LEAD, "Quanto custa?", name="Marina Alves")
    place = f"{INSTANCE}/{sealed.opaque_id(Key(INSTANCE, LEAD))}"

    page = manager.post(TRY, values(conversation=place, moment="now"), headers=HTMX).content.decode()

    assert "It would stay silent: the bot is switched off here." in page


def test_a_conversation_of_a_number_one_may_not_see_does_not_exist(manager: Client, sandbox: Sandbox) -> None:
    Profile.objects.create(user=User.objects.get(), instances=["another"])
    place = f"{INSTANCE}/{sealed.opaque_id(Key(INSTANCE, LEAD))}"

    assert manager.post(TRY, values(conversation=place), headers=HTMX).status_code == 404
    assert b"A real conversation" not in manager.get(PAGE).content


def test_who_may_not_watch_conversations_reads_none_here(clients: Callable[..., Client], sandbox: Sandbox) -> None:
    editor = clients("", "change_botsettings", name="carla")
    place = f"{INSTANCE}/{sealed.opaque_id(Key(INSTANCE, LEAD))}"

    assert editor.post(TRY, values(conversation=place), headers=HTMX).status_code == 403
    assert b"A real conversation" not in editor.get(PAGE).content


def test_without_a_gateway_it_says_so(manager: Client, gemini: FakeGemini, db: None) -> None:
    place = f"{INSTANCE}/{sealed.opaque_id(Key(INSTANCE, LEAD))}"

    page = manager.post(TRY, values(conversation=place), headers=HTMX).content.decode()

    assert "The conversation cannot be read." in page
