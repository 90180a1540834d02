"""Who may speak and who spoke, never what was said. No field of this file ever holds the text of a message."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from conversations.jid import JID
from conversations.message import Author, Key

if TYPE_CHECKING:
    from django.contrib.auth.models import User


class Mode(models.TextChoices):
    """Who speaks in a conversation (docs/architecture.md, control)."""

    BOT = "bot", _("bot")
    HUMAN = "human", _("person")
    PAUSED = "paused", _("paused")
    WAITING = "waiting", _("waiting for a person")


class Reason(models.TextChoices):
    """Why control is as it is."""

    NONE = "", "–"
    TOOK_OVER = "took_over", _("took over")
    SENT = "sent", _("answered from the dashboard")
    HANDED_OVER = "handed_over", _("handed over by a colleague")
    PHONE = "phone", _("wrote on the phone")
    OUTBOUND_FIRST = "outbound_first", _("we wrote first")
    PAUSED = "paused", _("paused by a person")
    HANDED_BACK = "handed_back", _("handed back to the bot")
    RESUMED = "resumed", _("resumed by a person")
    EXPIRED = "expired", _("its time ran out")
    AUTO_RESUMED = "auto_resumed", _("nobody wrote for a while")
    TIMED_OUT = "timed_out", _("nobody came")
    MERGED = "merged", _("two addresses of one lead became one conversation")
    OPTED_OUT = "opted_out", _("asked not to be written to")
    OPTED_IN = "opted_in", _("accepts messages again")
    # Handoffs: the bot asks for a person. The same words as bot.llm.HandoffReason.
    ASKED_FOR_PERSON = "asked_for_person", _("asked for a person")
    ANGRY = "angry", _("is upset")
    PRICE_OR_DISCOUNT = "price_or_discount", _("price or discount to decide")
    OUT_OF_KNOWLEDGE = "out_of_knowledge", _("the bot does not know")
    QUALIFIED = "qualified", _("qualified lead")
    UNINTELLIGIBLE = "unintelligible", _("could not be understood")
    SENSITIVE = "sensitive", _("sensitive matter")
    OPT_OUT_UNSURE = "opt_out_unsure", _("perhaps wants no messages")
    LIMIT = "limit", _("the bot's limit is reached")
    OTHER = "other", _("another reason")
    # A turn's budget is spent.
    MODEL = "model", _("the language model does not answer")
    BLOCKED = "blocked", _("the language model refused to answer")
    UNUSABLE = "unusable", _("the language model's answer was unusable")
    REFUSED = "refused", _("the gateway refused the message")
    GATEWAY = "gateway", _("the gateway does not send")
    NOT_STORED = "not_stored", _("the gateway did not store the message")
    # The technical reason is gone.
    RECOVERED = "recovered", _("works again")


#: Reasons to wait that end by themselves when a probe succeeds. Every other one waits for a person.
TECHNICAL = (Reason.MODEL, Reason.GATEWAY, Reason.NOT_STORED)


class Unconfirmed(models.TextChoices):
    """How a claim's POST ended when it did not end well."""

    NONE = "", "–"
    ERROR = "error", _("the gateway answered with an error")
    SILENCE = "silence", _("the gateway did not answer")


class Due(models.TextChoices):
    """A system message that is still owed."""

    NONE = "", "–"
    HANDOFF_NOTICE = "handoff_notice", _("word that a person will answer")
    STILL_WAITING = "still_waiting", _("word that it takes longer")
    OPT_OUT_CONFIRMATION = "opt_out_confirmation", _("word that no message will follow")


class Control(models.Model):
    """Who may speak in one conversation, and the turn and the send in progress there.

    One row per conversation, made before the first turn or change. Every change of mode, holder, until, reason or
    opted_out adds one to `epoch` in the same UPDATE; the bot's right to speak is checked against it (`control.claim`).
    """

    class Approval(models.TextChoices):
        """Whether the bot asks a person before it speaks."""

        AS_INSTANCE = "", _("as on this number")
        ON = "on", _("a person approves each answer")
        OFF = "off", _("the bot answers by itself")

    instance = models.CharField(_("instance"), max_length=100)
    conversation = models.CharField(_("conversation"), max_length=128)
    created_at = models.DateTimeField(auto_now_add=True)

    mode = models.CharField(_("who speaks"), max_length=8, choices=Mode.choices, default=Mode.BOT)
    #: In mode HUMAN: the rep, or nobody when someone typed on the phone.
    holder = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("held by"),
    )
    #: When the mode ends by itself; evaluated on read. None: it does not.
    until = models.DateTimeField(_("until"), null=True, blank=True)
    reason = models.CharField(_("reason"), max_length=24, choices=Reason.choices, default="", blank=True)
    #: In mode WAITING: how near the lead is to buying, as the bot sees it: 0 cold, 1 warm, 2 hot.
    heat = models.PositiveSmallIntegerField(default=1)
    #: Over every mode; only a person clears it.
    opted_out = models.BooleanField(_("does not want messages"), default=False)
    epoch = models.PositiveBigIntegerField(default=0)
    changed_at = models.DateTimeField(_("since"), null=True, blank=True)
    #: Last sign of a person of ours, on any route.
    last_human_at = models.DateTimeField(null=True, blank=True)
    #: Last message of a person on the phone, by WhatsApp's clock.
    phone_at = models.DateTimeField(null=True, blank=True)

    #: In mode HUMAN: not to be returned to the bot by itself before; a person asked for more time.
    keep_until = models.DateTimeField(null=True, blank=True)
    #: Of the change of control that was rung for, and of the one whose lead was told that it takes longer.
    rung_epoch = models.PositiveBigIntegerField(default=0)
    told_epoch = models.PositiveBigIntegerField(default=0)

    #: The newest lead message that was answered or deliberately left silent, and when it was sent.
    settled = models.CharField(max_length=128, default="", blank=True)
    settled_at = models.DateTimeField(null=True, blank=True)
    #: Ids of the lead's last settled messages, oldest first: an edit moves a message in time, its id stays.
    settled_ids = models.JSONField(default=list, blank=True)
    #: The turn that settled it: its later bubbles may still go out.
    settled_turn = models.CharField(max_length=64, default="", blank=True)
    #: Why the last message was left without an answer; "" when it was answered.
    silence = models.CharField(max_length=32, default="", blank=True)

    #: The newest lead message somebody told the worker of, by webhook or sweep.
    newest = models.CharField(max_length=128, default="", blank=True)
    #: The running turn, "" when none runs. Begins with the id of the worker process that runs it.
    turn = models.CharField(max_length=64, default="", blank=True)
    #: When the first attempt at the present answer began; its retries are counted from here.
    turn_started_at = models.DateTimeField(null=True, blank=True)
    tries = models.PositiveSmallIntegerField(default=0)
    #: While a turn runs: when it counts as dead. Else: not to be tried before.
    next_try_at = models.DateTimeField(null=True, blank=True)

    #: The claim: the ledger's token of the one send in progress, "" when there is none.
    sending = models.CharField(max_length=32, default="", blank=True)
    sending_at = models.DateTimeField(null=True, blank=True)
    #: Set when the POST of the claim ended without a clear answer.
    unconfirmed = models.CharField(max_length=8, choices=Unconfirmed.choices, default="", blank=True)
    #: When the newest page was last read back in vain.
    read_back_at = models.DateTimeField(null=True, blank=True)
    #: When a person last had the bot answer a lead who wrote too long ago (`late.py`).
    late_at = models.DateTimeField(null=True, blank=True)
    #: When the lead was last told that nobody answers at this hour.
    closed_said_at = models.DateTimeField(null=True, blank=True)

    approval = models.CharField(_("approval"), max_length=4, choices=Approval.choices, default="", blank=True)
    #: An answer of the bot that waits for a person's yes (`pending.py`), "" when none does.
    pending = models.CharField(max_length=32, default="", blank=True)

    due = models.CharField(max_length=24, choices=Due.choices, default="", blank=True)
    #: The epoch of the change that owes it.
    due_epoch = models.PositiveBigIntegerField(default=0)

    class Meta:
        verbose_name = _("control of a conversation")
        verbose_name_plural = _("control of conversations")
        constraints = [
            models.UniqueConstraint(fields=["instance", "conversation"], name="one_control_per_conversation")
        ]
        indexes = [
            models.Index(fields=["mode"], name="control_by_mode"),
            models.Index(fields=["sending_at"], name="control_open_claims", condition=~models.Q(sending="")),
            models.Index(
                fields=["next_try_at"], name="control_open_turns", condition=models.Q(turn_started_at__isnull=False)
            ),
        ]
        permissions = [
            ("watch", _("May watch conversations")),
            ("act", _("May take over, pause, hand back and answer")),
            ("switch", _("May switch the bot on and off")),
            ("connect", _("May connect numbers and log them out")),
        ]

    def __str__(self) -> str:
        return f"{self.instance}: {self.get_mode_display()}"

    @property
    def key(self) -> Key:
        """The conversation this row is about."""
        return Key(self.instance, JID(self.conversation))

    def mode_at(self, now: datetime) -> Mode:
        """Who speaks at `now`: a mode whose time is over counts as the bot's."""
        if self.until is not None and self.until <= now and self.mode in (Mode.HUMAN, Mode.PAUSED):
            return Mode.BOT
        return Mode(self.mode)

    @property
    def is_on_phone(self) -> bool:
        """Held by whoever types on the phone."""
        return self.mode == Mode.HUMAN and self.holder_id is None


class Alias(models.Model):
    """One address of a lead, and the conversation it belongs to. Learnt from inbound keys only (`identity.py`)."""

    instance = models.CharField(_("instance"), max_length=100)
    jid = models.CharField("JID", max_length=128)
    conversation = models.CharField(_("conversation"), max_length=128, db_index=True)

    class Meta:
        verbose_name = _("address of a lead")
        verbose_name_plural = _("addresses of leads")
        constraints = [models.UniqueConstraint(fields=["instance", "jid"], name="one_conversation_per_address")]

    def __str__(self) -> str:
        return f"{self.instance}: {self.pk}"


class Switch(models.Model):
    """Whether the bot is on: for one instance, or (instance "") for everything."""

    instance = models.CharField(_("instance"), max_length=100, unique=True, blank=True, default="")
    is_on = models.BooleanField(_("on"), default=False)
    epoch = models.PositiveBigIntegerField(default=0)
    #: A person approves each of the bot's answers there, where the conversation says nothing else.
    approves = models.BooleanField(_("a person approves each answer"), default=False)
    #: Minutes without a sign of a person after which a conversation returns to the bot by itself; 0: never.
    resume_after_minutes = models.PositiveIntegerField(_("returns to the bot after (minutes)"), default=0)
    #: Lead messages sent before it are never answered; set when the bot is first switched on for the instance.
    bot_since = models.DateTimeField(_("answers messages since"), null=True, blank=True)
    changed_at = models.DateTimeField(_("since"), auto_now=True)
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("by"),
    )

    class Meta:
        verbose_name = _("switch")
        verbose_name_plural = _("switches")

    def __str__(self) -> str:
        return self.instance or str(_("everything"))


class Sent(models.Model):
    """The ledger: a message that left through us, or may have. Its id, who wrote it and when; no text."""

    class State(models.TextChoices):
        """How the send ended."""

        OPEN = "open", _("on its way")
        SENT = "sent", _("sent")
        UNCONFIRMED = "unconfirmed", _("not confirmed")
        NOT_SENT = "not_sent", _("not sent")

    class By(models.TextChoices):
        """Who wrote it."""

        BOT = Author.BOT.value, _("bot")
        REP = Author.REP.value, _("rep")

    #: Made when the claim is; what `Control.sending` holds meanwhile.
    token = models.CharField(max_length=32, unique=True)
    instance = models.CharField(_("instance"), max_length=100)
    conversation = models.CharField(_("conversation"), max_length=128)
    #: The gateway's id, once it told it; None before.
    message_id = models.CharField(_("message id"), max_length=128, null=True, blank=True)  # noqa: DJ001 (unique, so absent must be NULL)
    author = models.CharField(_("author"), max_length=8, choices=By.choices)
    #: Who wrote it, or, for the bot's, who approved it, as it was or changed.
    rep = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("rep"),
    )
    state = models.CharField(_("state"), max_length=12, choices=State.choices, default=State.OPEN)
    #: Ids of the lead's messages it answers, oldest first, and when the newest was sent: a read-back looks for what
    #: is newer.
    answers = models.JSONField(default=list, blank=True)
    answers_at = models.DateTimeField(null=True, blank=True)
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("sent message")
        verbose_name_plural = _("sent messages")
        constraints = [models.UniqueConstraint(fields=["instance", "message_id"], name="one_ledger_row_per_message")]
        indexes = [
            models.Index(fields=["instance", "conversation", "at"], name="sent_by_conversation"),
            # The sweep looks for the few that are unclear among all that ever left.
            models.Index(fields=["at"], name="sent_unclear", condition=models.Q(state__in=("open", "unconfirmed"))),
        ]

    def __str__(self) -> str:
        return f"{self.get_author_display()} {self.at:%Y-%m-%d %H:%M}"


class Act(models.TextChoices):
    """What somebody did to control."""

    TAKE_OVER = "take_over", _("took over")
    HAND_OVER = "hand_over", _("handed over to a colleague")
    PAUSE = "pause", pgettext_lazy("act", "paused")
    RESUME = "resume", _("resumed")
    HAND_BACK = "hand_back", pgettext_lazy("act", "handed back to the bot")
    PHONE = "phone", _("wrote on the phone")
    OUTBOUND_FIRST = "outbound_first", _("wrote first")
    HANDOFF = "handoff", _("asked for a person")
    GIVE_UP = "give_up", _("could not answer")
    RECOVER = "recover", _("works again")
    EXPIRE = "expire", _("returned to the bot, time ran out")
    AUTO_RESUME = "auto_resume", _("returned to the bot by itself")
    TIME_OUT = "time_out", _("returned to the bot, nobody came")
    MORE_TIME = "more_time", _("keeps it for longer")
    OPT_OUT = "opt_out", _("asked not to be written to")
    OPT_IN = "opt_in", _("allowed messages again")
    UNDO = "undo", _("undid what was just done")
    MERGE = "merge", _("merged two addresses")
    ANSWER_LATE = "answer_late", _("had the bot answer late")
    EDIT = "edit", _("edited a message")
    DELETE = "delete", _("deleted a message")
    APPROVE = "approve", _("approved the bot's answer")
    EDIT_DRAFT = "edit_draft", _("changed the bot's answer and sent it")
    DISCARD = "discard", _("discarded the bot's answer")
    APPROVAL_ON = "approval_on", _("wants to approve each answer")
    APPROVAL_OFF = "approval_off", _("lets the bot answer by itself")
    WHISPER = "whisper", _("whispered to the bot")
    AUTOMATIC = "automatic", _("called a text automatic")
    NOT_AUTOMATIC = "not_automatic", _("called a text a person's again")
    RESUME_AFTER = "resume_after", _("changed when conversations return to the bot")
    SWITCH_ON = "switch_on", _("switched the bot on")
    SWITCH_OFF = "switch_off", _("switched the bot off")


class Actor(models.TextChoices):
    """Who did it."""

    REP = "rep", _("person")
    PHONE = "phone", _("phone")
    BOT = "bot", _("bot")
    SYSTEM = "system", _("system")
    LEAD = "lead", _("lead")


class AuditEntry(models.Model):
    """One change of control: who, what, when, why. Never text."""

    at = models.DateTimeField(_("at"), db_index=True)
    instance = models.CharField(_("instance"), max_length=100, blank=True)
    #: "" for the switches.
    conversation = models.CharField(_("conversation"), max_length=128, blank=True, default="")
    actor = models.CharField(_("who"), max_length=8, choices=Actor.choices)
    rep = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("rep"),
    )
    act = models.CharField(_("what"), max_length=16, choices=Act.choices)
    reason = models.CharField(_("why"), max_length=24, choices=Reason.choices, default="", blank=True)
    before = models.CharField(_("before"), max_length=8, choices=Mode.choices, default="", blank=True)
    after = models.CharField(_("after"), max_length=8, choices=Mode.choices, default="", blank=True)
    #: DELETE: when the message that is gone had been sent, as the ledger has it. Else when what was done ends.
    until = models.DateTimeField(_("until"), null=True, blank=True)
    #: HAND_OVER: to whom.
    receiver = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("handed to"),
    )

    class Meta:
        verbose_name = _("change of control")
        verbose_name_plural = _("changes of control")
        ordering = ["-at", "-pk"]
        indexes = [models.Index(fields=["instance", "conversation", "-at"], name="audit_by_conversation")]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.get_act_display()}"

    @property
    def tells_why(self) -> bool:
        """The reason says what the act does not say already."""
        return self.act in (Act.HANDOFF, Act.GIVE_UP) or (self.act, self.reason) == (Act.TAKE_OVER, Reason.SENT)

    @classmethod
    def record(cls, key: Key, act: Act, rep: User | None, **facts: Any) -> None:
        """Write down what `rep` did in a conversation, now; the system, with None. `facts` are other fields."""
        actor = Actor.REP if rep else Actor.SYSTEM
        where = {"instance": key.instance, "conversation": key.conversation}
        cls.objects.create(**{"at": timezone.now(), "actor": actor, "rep": rep, "act": act, **where, **facts})


class Seen(models.Model):
    """When a person last looked at a conversation: what came since is unread for them. WhatsApp is not told."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    instance = models.CharField(max_length=100)
    conversation = models.CharField(max_length=128)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "instance", "conversation"], name="one_look_per_person")]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.at:%Y-%m-%d %H:%M}"


class Note(models.Model):
    """What a person of ours wrote to colleagues or to the bot about a conversation. Our own data, not a lead's words.

    The text is sealed (`sealed.py`), ends at `expires_at`, and can be erased before.
    """

    class Kind(models.TextChoices):
        """Whom it is for."""

        COLLEAGUES = "colleagues", _("note to colleagues")
        #: What was agreed, given with a hand back: the bot reads it.
        AGREED = "agreed", _("what was agreed")
        #: An instruction to the bot for its next answers.
        WHISPER = "whisper", _("whisper to the bot")

    instance = models.CharField(_("instance"), max_length=100)
    conversation = models.CharField(_("conversation"), max_length=128)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+", verbose_name=_("author")
    )
    #: Sealed; never read but by `notes.py`.
    sealed_text = models.TextField()
    at = models.DateTimeField(_("at"))
    expires_at = models.DateTimeField(_("expires"))
    #: WHISPER: how many of the bot's answers it still counts for.
    turns_left = models.PositiveSmallIntegerField(default=0)

    class Meta:
        verbose_name = _("note")
        verbose_name_plural = _("notes")
        indexes = [models.Index(fields=["instance", "conversation", "at"], name="note_by_conversation")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.at:%Y-%m-%d %H:%M}"


class AutomaticText(models.Model):
    """A text that WhatsApp Business sends by itself on one number, as a keyed hash of it (`automatic.py`)."""

    instance = models.CharField(_("instance"), max_length=100)
    fingerprint = models.CharField(max_length=64)

    class Meta:
        verbose_name = _("automatic text")
        verbose_name_plural = _("automatic texts")
        constraints = [models.UniqueConstraint(fields=["instance", "fingerprint"], name="one_tick_per_automatic_text")]

    def __str__(self) -> str:
        return f"{self.instance}: {self.pk}"


class QuickAnswer(models.Model):
    """A text that reps send often, offered after a slash. `{nome}` and `{vendedor}` stand for the lead and the rep."""

    shortcut = models.SlugField(
        _("shortcut"), max_length=30, unique=True, help_text=_("What is typed after the slash.")
    )
    text = models.TextField(
        _("text"), max_length=4000,
        help_text=_("{nome} becomes the lead's first name, {vendedor} the name of whoever sends it."),
    )  # fmt: skip

    class Meta:
        verbose_name = _("quick answer")
        verbose_name_plural = _("quick answers")
        ordering = ["shortcut"]

    def __str__(self) -> str:
        return f"/{self.shortcut}"
