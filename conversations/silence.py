"""Why the bot says nothing: reasons one can log, test and show."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Silence(models.TextChoices):
    """A reason not to answer, or not to answer now."""

    # The bot may not speak.
    OFF = "off", _("the bot is switched off here")
    TAKEN_OVER = "taken_over", _("a person has the conversation")
    PAUSED = "paused", _("the conversation is paused")
    WAITING = "waiting", _("the conversation waits for a person")
    OPTED_OUT = "opted_out", _("the lead does not want messages")
    # There is nothing to answer.
    NOTHING_NEW = "nothing_new", _("no lead message without an answer")
    NOT_A_PERSON = "not_a_person", _("groups, broadcasts and channels are never answered")
    BEFORE_THE_BOT = "before_the_bot", _("older than the bot here")
    TOO_OLD = "too_old", _("too old to be answered")
    CLOSED = "closed", _("outside business hours")
    # Not now.
    LEAD_STILL_WRITING = "lead_still_writing", _("the lead is still writing")
    ANOTHER_TURN = "another_turn", _("another answer is being written")
    SENDING = "sending", _("another message is being sent")
    UNCONFIRMED = "unconfirmed", _("it is not known yet whether the last message went out")
    NOT_STORED_YET = "not_stored_yet", _("the gateway does not show the message yet")
    BACKLOG = "backlog", _("old messages are answered a few a minute")
    TRY_AGAIN = "try_again", _("something did not answer; tried again later")
    GAVE_UP = "gave_up", _("something did not answer for too long")
    # The draft must not go out.
    ANSWERED_ALREADY = "answered_already", _("the message was answered meanwhile")
    CHANGED_MEANWHILE = "changed_meanwhile", _("control changed meanwhile")
    AWAITING_APPROVAL = "awaiting_approval", _("a person is to approve the answer")
    DISCARDED = "discarded", _("a person discarded the answer")
    HANDED_OFF = "handed_off", _("the bot asked for a person")
    EMPTY = "empty", _("the model chose to say nothing")
    BLOCKED = "blocked", _("the model refused to answer")
