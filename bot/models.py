"""What a manager may change about the bot while it runs."""

from __future__ import annotations

import time
import unicodedata
from datetime import time as clock_time
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings as django_settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from people import once

if TYPE_CHECKING:
    from django.contrib.auth.models import User

_RECENT_S = 1.0
#: What `BotSettings.recent` gives, and when it was read.
_recent: tuple[BotSettings | None, float] = (None, 0.0)


class BlueTicks(models.TextChoices):
    """When a lead's messages are marked as read on WhatsApp. Looking never does it."""

    NEVER = "never", _("never")
    ON_ANSWER = "on_answer", _("just before an answer")


_WEEK_MINUTES = 7 * 24 * 60


def visible(words: str) -> None:
    """Raise ValidationError where there is nothing to see: spaces, and characters without a width."""
    if words and not any(unicodedata.category(one)[0] in "LNPS" for one in words):
        raise ValidationError(_("Write something that can be seen."))


def _between(low: float, high: float) -> list[Any]:
    return [MinValueValidator(low), MaxValueValidator(high)]


class BotSettings(models.Model):
    """One row; `load()` is the only way to it. Each field can be preset at the first start by `BOT_<FIELD>`."""

    persona_name = models.CharField(
        _("bot's name"),
        max_length=60,
        default="Clara",
        validators=[visible],
        help_text=_("How the bot introduces itself to leads."),
    )
    company = models.CharField(
        _("company"),
        max_length=120,
        blank=True,
        default="",
        validators=[visible],
        help_text=_("The company the bot speaks for."),
    )
    offer = models.TextField(
        _("offer"),
        blank=True,
        default="",
        max_length=8000,
        help_text=_("What you sell, for whom, prices and conditions. The bot states nothing that is not written here."),
    )
    instructions = models.TextField(
        _("instructions"),
        blank=True,
        default="",
        max_length=8000,
        help_text=_("How to talk, what to ask, what to avoid."),
    )
    handoff_phrases = models.TextField(
        _("words that call a person"),
        blank=True,
        default="",
        help_text=_(
            "One per line. When a lead writes one of them the bot stops and calls a person, without asking the model."
        ),
    )

    model = models.CharField(
        _("model"), max_length=80, blank=True, default="", help_text=_("Gemini model. Empty: the one in GEMINI_MODEL.")
    )
    temperature = models.FloatField(
        _("temperature"), default=0.4, validators=_between(0, 2), help_text=_("0 is always the same, 2 is daring.")
    )
    max_output_tokens = models.PositiveIntegerField(
        _("longest answer (tokens)"),
        default=2048,
        validators=_between(256, 65536),
        help_text=_("Thinking models spend part of it before the first word."),
    )
    model_timeout_seconds = models.PositiveSmallIntegerField(
        _("wait for the model (seconds)"),
        default=45,
        validators=_between(2, 90),
        help_text=_("Then the bot tries again."),
    )
    history_length = models.PositiveSmallIntegerField(
        _("messages it reads"),
        default=10,
        validators=_between(1, 100),
        help_text=_("How much of the conversation the bot reads before it answers."),
    )

    debounce_idle_seconds = models.FloatField(
        _("wait after the last message (seconds)"),
        default=6,
        validators=_between(0, 60),
        help_text=_("So that a burst gets one answer. 0 means no wait."),
    )
    debounce_cap_seconds = models.FloatField(
        _("wait at most (seconds)"),
        default=30,
        validators=_between(0, 300),
        help_text=_("From the first message of a burst."),
    )
    typing_chars_per_second = models.FloatField(
        _("typing speed (characters per second)"),
        default=25,
        validators=_between(0, 1000),
        help_text=_("The lead sees “typing…” meanwhile. 0 means none."),
    )
    max_bubbles = models.PositiveSmallIntegerField(
        _("messages per answer"),
        default=3,
        validators=_between(1, 3),
        help_text=_("At most this many, one after the other."),
    )

    hours_only = models.BooleanField(
        _("answer in business hours only"),
        default=False,
        help_text=_("Outside them the bot says the words below once."),
    )
    people_in_hours_only = models.BooleanField(
        _("people answer in business hours only"),
        default=False,
        help_text=_("A lead who asks for a person outside them is told when people are back."),
    )
    hours_days = models.CharField(
        _("business days"),
        max_length=7,
        default="12345",
        help_text=_("1 is Monday, 7 is Sunday: 12345 is Monday to Friday."),
    )
    hours_open = models.TimeField(_("opens at"), default=clock_time(8))
    hours_close = models.TimeField(_("closes at"), default=clock_time(18))
    closed_text = models.TextField(
        _("what to say when closed"),
        blank=True,
        default="",
        max_length=1000,
        help_text=_("Empty: a standard sentence."),
    )

    first_contact_notice = models.TextField(
        _("first-contact notice"),
        blank=True,
        default="",
        max_length=1000,
        help_text=_(
            "Sent before the bot's first answer to a lead: say that an artificial intelligence answers and "
            "who is responsible (LGPD). Empty: none."
        ),
    )
    handoff_notice = models.TextField(
        _("what to say when a person is called"),
        blank=True,
        default="",
        max_length=1000,
        help_text=_("Empty: a standard sentence."),
    )
    cannot_open_text = models.TextField(
        _("what to say to a message that cannot be opened"),
        blank=True,
        default="",
        max_length=1000,
        help_text=_("Empty: a standard sentence."),
    )
    cannot_hear_text = models.TextField(
        _("what to say to audio that cannot be heard"),
        blank=True,
        default="",
        max_length=1000,
        help_text=_("Empty: a standard sentence."),
    )

    audio_max_seconds = models.PositiveIntegerField(
        _("longest audio (seconds)"),
        default=300,
        validators=_between(1, 3600),
        help_text=_("Longer ones are not heard; the bot asks for text."),
    )
    audio_max_megabytes = models.PositiveSmallIntegerField(
        _("largest file (megabytes)"),
        default=16,
        validators=_between(1, 20),
        help_text=_("For audio, images and PDF given to the model."),
    )

    approval_seconds = models.PositiveIntegerField(
        _("send if nobody decides within (seconds)"),
        default=0,
        validators=_between(0, 3600),
        help_text=_("Where a person approves each answer and nobody decides for so long, it is sent. 0: never."),
    )
    waiting_ring_minutes = models.PositiveIntegerField(
        _("call the managers after (minutes) of waiting"),
        default=5,
        validators=_between(0, _WEEK_MINUTES),
        help_text=_("When nobody takes the conversation over, managers are called. 0: never."),
    )
    waiting_word_minutes = models.PositiveIntegerField(
        _("tell the lead that it takes longer after (minutes)"),
        default=15,
        validators=_between(0, _WEEK_MINUTES),
        help_text=_("Once, honestly. 0: never."),
    )
    waiting_return_minutes = models.PositiveIntegerField(
        _("back to the bot after (minutes)"),
        default=0,
        validators=_between(0, _WEEK_MINUTES),
        help_text=_("When nobody came, the bot goes on with what it can do. 0: the conversation waits."),
    )
    answer_within_hours = models.PositiveSmallIntegerField(
        _("answer within (hours)"),
        default=12,
        validators=_between(1, 168),
        help_text=_("Older messages are not answered any more; they are listed as missed."),
    )
    catch_up_per_minute = models.PositiveSmallIntegerField(
        _("late answers per minute"),
        default=10,
        validators=_between(1, 120),
        help_text=_("After an outage: numbers get banned for bursts."),
    )
    phone_hold_minutes = models.PositiveIntegerField(
        _("hold after the phone (minutes)"),
        default=60,
        validators=_between(0, 4 * _WEEK_MINUTES),
        help_text=_("How long the bot stays quiet after somebody typed on the phone. 0: until it is handed back."),
    )
    greeting_texts = models.TextField(
        _("automatic texts of WhatsApp Business"),
        blank=True,
        default="",
        help_text=_("One per line: your greeting and away messages. They do not count as a person on the phone."),
    )
    blue_ticks = models.CharField(
        _("blue ticks"),
        max_length=10,
        choices=BlueTicks.choices,
        default=BlueTicks.ON_ANSWER,
        help_text=_("Watching a conversation never marks it as read."),
    )
    conversation_turns_per_hour = models.PositiveIntegerField(
        _("answers per hour in one conversation"),
        default=30,
        validators=_between(0, 1000),
        help_text=_("Then a person is called: somebody, or another bot, writes without end. 0: no limit."),
    )
    instance_turns_per_hour = models.PositiveIntegerField(
        _("answers per hour on one number"),
        default=0,
        validators=_between(0, 100_000),
        help_text=_("Then a person is called. 0: no limit."),
    )
    conversation_tokens_per_day = models.PositiveIntegerField(
        _("tokens per day in one conversation"),
        default=0,
        validators=_between(0, 1_000_000_000),
        help_text=_("Then a person is called. 0: no limit."),
    )
    instance_tokens_per_day = models.PositiveIntegerField(
        _("tokens per day on one number"),
        default=0,
        validators=_between(0, 1_000_000_000),
        help_text=_("Then a person is called. 0: no limit."),
    )
    list_groups = models.BooleanField(
        _("list groups"), default=False, help_text=_("Groups are never answered; this only shows them.")
    )

    changed_at = models.DateTimeField(auto_now=True)

    #: Whoever saves says so here first: they stand in the version that `save` keeps.
    changed_by: User | None = None
    restores: SettingsVersion | None = None

    class Meta:
        verbose_name = _("bot settings")
        verbose_name_plural = _("bot settings")

    def __str__(self) -> str:
        return str(_("bot settings"))

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Store, and keep the version that this makes, whatever page or command it comes from."""
        with transaction.atomic():
            super().save(*args, **kwargs)
            SettingsVersion.keep(self)

    def clean(self) -> None:
        """Refuse what contradicts itself."""
        if self.debounce_cap_seconds < self.debounce_idle_seconds:
            raise ValidationError(
                {"debounce_cap_seconds": _("Must not be shorter than the wait after the last message.")}
            )
        if set(self.hours_days) - set("1234567") or len(set(self.hours_days)) != len(self.hours_days):
            raise ValidationError({"hours_days": _("Write each day once, from 1 (Monday) to 7 (Sunday).")})
        if (self.hours_only or self.people_in_hours_only) and not self.hours_days:
            raise ValidationError({"hours_days": _("With business hours on there must be at least one day.")})
        if (self.hours_only or self.people_in_hours_only) and self.hours_open == self.hours_close:
            raise ValidationError({"hours_close": _("Must differ from the time of opening.")})

    @property
    def model_name(self) -> str:
        """The model to ask."""
        return self.model or str(django_settings.GEMINI_MODEL)

    @property
    def phone_hold(self) -> timedelta | None:
        """How long the bot is quiet after somebody typed on the phone; None: until it is handed back."""
        return timedelta(minutes=self.phone_hold_minutes) if self.phone_hold_minutes else None

    @classmethod
    def recent(cls) -> BotSettings:
        """The one row as it was at most a second ago: for what comes many times a second, and only to read."""
        global _recent
        row, at = _recent
        if row is None or time.monotonic() - at > _RECENT_S:
            row = cls.load()
            _recent = (row, time.monotonic())
        return row

    @classmethod
    def load(cls) -> BotSettings:
        """The one row; made with the presets of the environment when it is not there yet."""
        return once.read("bot settings", cls._load)

    @classmethod
    def _load(cls) -> BotSettings:
        # As text: some forty columns are longer to compose than to read.
        if (stored := next(iter(cls.objects.raw("SELECT * FROM bot_botsettings WHERE id = 1")), None)) is not None:
            return stored
        row = cls(pk=1, **presets())
        row.full_clean(exclude=["id"])
        values = {field.attname: getattr(row, field.attname) for field in cls._meta.fields}
        return cls.objects.get_or_create(pk=1, defaults=values)[0]


class SettingsVersion(models.Model):
    """What the settings were from `at` on, until the next one. No secret and no message is among them."""

    at = models.DateTimeField(_("when"), default=timezone.now)
    #: None for the system: the first start, a command.
    by = models.ForeignKey(
        django_settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, verbose_name=_("person")
    )
    values = models.JSONField(_("values"))
    #: The version whose values were brought back.
    restores = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, blank=True, verbose_name=_("restores"))

    class Meta:
        verbose_name = _("version of the settings")
        verbose_name_plural = _("versions of the settings")
        ordering = ("-pk",)

    def __str__(self) -> str:
        return f"{self._meta.verbose_name} {self.pk}"

    @classmethod
    def keep(cls, settings: BotSettings) -> None:
        """A new version, unless the last one says the same."""
        values = {field.attname: _text(field, settings) for field in setting_fields()}
        last = cls.objects.first()
        if last is None or last.values != values:
            cls.objects.create(by=settings.changed_by, values=values, restores=settings.restores)

    def settings(self) -> BotSettings:
        """The settings as they were, not saved; what did not exist yet then is as it is now."""
        row = BotSettings.load()
        for field in setting_fields():
            if field.attname in self.values:
                setattr(row, field.attname, field.to_python(self.values[field.attname]))
        return row


def setting_fields() -> list[models.Field[Any, Any]]:
    """The fields that people set."""
    return [field for field in BotSettings._meta.fields if field.attname not in ("id", "changed_at")]


def _text(field: models.Field[Any, Any], settings: BotSettings) -> str:
    """A value as a version holds it; equal ones are equal texts (6 and 6.0 are not)."""
    value = field.to_python(getattr(settings, field.attname))
    return value.isoformat("minutes") if isinstance(value, clock_time) else str(value)


class Usage(models.Model):
    """What the bot spent in one conversation within one hour. Counts only, kept for the limits and the numbers."""

    instance = models.CharField(max_length=100)
    conversation = models.CharField(max_length=128)
    #: The hour it was spent in, by its beginning.
    hour = models.DateTimeField()
    #: How often the model was asked.
    turns = models.PositiveIntegerField(default=0)
    tokens_in = models.PositiveBigIntegerField(default=0)
    tokens_out = models.PositiveBigIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["instance", "conversation", "hour"], name="one_usage_per_hour")]
        indexes = [models.Index(fields=["instance", "hour"], name="usage_by_instance")]

    def __str__(self) -> str:
        return f"{self.instance} {self.hour:%Y-%m-%d %H}h: {self.turns}"


def presets() -> dict[str, Any]:
    """The values of `BOT_<FIELD>` from the environment, by field; raises ValidationError naming the variable."""
    values: dict[str, Any] = {}
    for field in setting_fields():
        text = django_settings.BOT_PRESETS.get(field.attname.upper())
        if text is None:
            continue
        if isinstance(field, models.BooleanField):
            # Django knows "True" and not the "true" that every other variable is written with.
            text = text.capitalize()
        try:
            values[field.attname] = field.clean(text, None)
        except ValidationError as error:
            raise ValidationError(f"BOT_{field.attname.upper()}: {' '.join(error.messages)}") from error
    return values
