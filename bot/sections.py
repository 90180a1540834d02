"""The bot's settings as a manager thinks of them: sections in plain words, with an example where one helps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True, slots=True)
class Section:
    """Some settings that belong together."""

    #: Its anchor on the page.
    id: str
    title: Promise
    explanation: Promise
    fields: tuple[str, ...]


SECTIONS = (
    Section(
        "who",
        _("Who the bot is"),
        _("The name it gives leads, and the company it speaks for."),
        ("persona_name", "company"),
    ),
    Section(
        "offer",
        _("What it sells"),
        _("All that the bot knows. What is not written here it does not state: it calls a person."),
        ("offer",),
    ),
    Section(
        "talk",
        _("How it talks"),
        _("Its manners, its pace, and what it says when it cannot open something."),
        (
            "instructions", "max_bubbles", "debounce_idle_seconds", "debounce_cap_seconds", "typing_chars_per_second",
            "blue_ticks", "first_contact_notice", "cannot_open_text", "cannot_hear_text",
        ),
    ),
    Section(
        "handoff",
        _("When it calls a person"),
        _("The bot also calls a person by itself: for prices that are not written, complaints, sensitive matters."),
        ("handoff_phrases", "handoff_notice", "waiting_ring_minutes", "waiting_word_minutes", "waiting_return_minutes"),
    ),
    Section(
        "hours",
        _("Business hours"),
        _("When the bot answers. Whoever writes outside them is answered in the next business hours."),
        ("hours_only", "people_in_hours_only", "hours_days", "hours_open", "hours_close", "closed_text"),
    ),
    Section(
        "phone",
        _("People on the phone"),
        _("Whoever types on the company's phone takes the conversation over, without touching this dashboard."),
        ("phone_hold_minutes", "greeting_texts"),
    ),
    Section(
        "late",
        _("Late answers and the list"),
        _("What happens to leads who wrote while the bot could not answer, and what the list shows."),
        ("answer_within_hours", "catch_up_per_minute", "list_groups"),
    ),
    Section(
        "limits",
        _("Approval and limits"),
        _("How far the bot goes without a person. At a limit it calls one."),
        (
            "approval_seconds", "conversation_turns_per_hour", "instance_turns_per_hour",
            "conversation_tokens_per_day", "instance_tokens_per_day",
        ),
    ),
    Section(
        "model",
        _("The language model"),
        _("For whoever knows it. The values that stand here are good ones."),
        (
            "model", "temperature", "history_length", "max_output_tokens", "model_timeout_seconds",
            "audio_max_seconds", "audio_max_megabytes",
        ),
    ),
)  # fmt: skip

#: What one might write there.
EXAMPLES: Mapping[str, Promise] = {
    "persona_name": _("Clara"),
    "company": _("Dental Sorriso, São Paulo"),
    "offer": _(
        "Online scheduling for clinics. Basic: R$ 149 a month, up to 3 dentists. Pro: R$ 299 a month, no limit. "
        "14 days free, no lock-in. For clinics in all of Brazil."
    ),
    "instructions": _(
        "Call people by their first name. First ask what they want to solve. Never speak of competitors. "
        "Who has more than 10 dentists talks to a person."
    ),
    "handoff_phrases": _("talk to an attendant"),
    "handoff_notice": _("I'm calling Ana, from our team. She answers here in a moment!"),
    "closed_text": _("Hi! We answer from Monday to Friday, 8 to 18. Tomorrow we write to you here."),
    "first_contact_notice": _("I'm the virtual assistant of Dental Sorriso. Your data is used for this contact only."),
    "greeting_texts": _("Thanks for contacting Dental Sorriso! How can we help?"),
}
