"""*Experimentar*: what the bot would say with the settings on the page, saved or not. Nothing is sent or kept."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.conf import settings as django_settings
from django.core.cache import cache
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from bot import llm, rehearsal
from bot.forms import SettingsForm, TryForm
from bot.llm import Blob
from bot.models import BotSettings
from bot.rehearsal import Rehearsal, Scene
from bot.unreachable import why
from bot.views import settings as pages
from bot.views import tried
from conversations.evolution import EvolutionError
from conversations.message import Author, Message
from conversations.views.guard import Request, kept_nowhere, may, rep

log = logging.getLogger(__name__)

#: Each costs tokens: so many for one person within so many seconds.
MOST, WITHIN_S = 30, 600
#: The last messages of a real conversation that are shown above the answer.
_SHOWN = 8


@dataclass(frozen=True, slots=True)
class PromptPart:
    """A part of what the model was asked."""

    title: str
    text: str

    @property
    def size(self) -> int:
        """In characters."""
        return len(self.text)


@require_POST
@may("bot.change_botsettings")
def rehearse(request: Request) -> HttpResponse:
    """The bot's answer, or why it would be silent. Costs tokens, so it is limited for each person."""
    form, chosen = SettingsForm(request.POST, instance=BotSettings.load()), TryForm(request.POST)
    # What somebody else saved meanwhile matters only when one saves.
    wrong = [form[name].label for name in form.errors if name != "__all__"]
    if "restart" in request.POST:
        return _shown(request, form, {})
    if wrong or not chosen.is_valid():
        return _shown(request, form, {"wrong": wrong, "turns": chosen.turns(), "is_failed": True})
    if not chosen.cleaned_data["conversation"] and not chosen.cleaned_data["words"].strip():
        return _shown(request, form, {"is_wordless": True, "turns": chosen.turns(), "is_failed": True})
    if _is_too_often(rep(request).pk):
        return _shown(request, form, {"is_too_often": True, "turns": chosen.turns(), "is_failed": True})
    return _shown(request, form, _tried(request, chosen, form.instance))


def _tried(request: Request, chosen: TryForm, settings: BotSettings) -> dict[str, Any]:
    """What the template shows of a rehearsal."""
    try:
        scene = tried.scene(request, chosen, settings)
    except EvolutionError as error:
        reason = why(error, str(django_settings.EVOLUTION_API_URL))
        return {"trouble": reason, "turns": chosen.turns(), "is_failed": True}
    found = rehearsal.rehearse(settings, scene)
    shown: dict[str, Any] = {"found": found, "parts_of_prompt": list(_parts(found.request)), "words": _error(found)}
    if chosen.cleaned_data["conversation"]:
        return shown | {"before": _last(scene), "is_failed": found.error is not None}
    turns = chosen.turns()
    if found.error is None:
        turns += [(Author.LEAD, scene.messages[-1].text), *((Author.BOT, bubble) for bubble in found.said)]
    return shown | {"turns": turns, "is_failed": found.error is not None}


def _shown(request: Request, form: SettingsForm, context: dict[str, Any]) -> HttpResponse:
    """The result beside the form; without scripts the page again, with everything that was typed."""
    if request.htmx:
        return kept_nowhere(render(request, "bot/_rehearsed.html", context))
    chosen = {"chosen": request.POST.get("conversation", ""), "moment": request.POST.get("moment", "")}
    kept = request.POST.get("words", "") if context.get("is_failed") else ""
    return pages.page(request, form, is_unsaved=form.is_unsaved, kept_words=kept, **chosen, **context)


def _last(scene: Scene) -> list[Message]:
    return list(scene.messages[-_SHOWN:])


def _is_too_often(pk: int) -> bool:
    name = f"rehearsals:{pk}"
    try:
        cache.add(name, 0, WITHIN_S)
        return int(cache.incr(name)) > MOST
    except Exception as error:  # Django's caches share no error class
        log.warning("rehearsals are not counted: %s", type(error).__name__)
        return False


def _error(found: Rehearsal) -> str:
    """What the model's error means to a person; "" when there was none."""
    if found.error is None:
        return ""
    return {
        llm.RateLimited: _("Gemini says that its limit is reached. Try again in a minute."),
        llm.Unavailable: _("Gemini did not answer. The bot would try again by itself."),
        llm.TimedOut: _("The model did not answer in time. The bot would try again by itself."),
        llm.Blocked: _("A filter of Gemini stopped the answer: a person would be called."),
        llm.Truncated: _("The answer was cut off. Raise the longest answer in “The language model”."),
        llm.Garbled: _("The model's answer could not be used. The bot would ask again."),
        llm.Refused: _("Gemini does not accept the key or the name of the model."),
    }.get(type(found.error), _("The model could not be asked."))


# -------------------------------------------------------------------------------------------------------- the prompt


def _parts(request: llm.Request | None) -> Iterator[PromptPart]:
    """The system instruction, section by section, then the conversation as it is fenced, turn by turn."""
    if request is None:
        return
    for section in re.split(r"^(?=# )", request.system, flags=re.MULTILINE):
        heading, _newline, body = section.partition("\n")
        if body.strip():
            yield PromptPart(heading.lstrip("# "), body.strip())
    for turn in request.turns:
        title = _("Conversation: the lead") if turn.role == "lead" else _("Conversation: us")
        yield PromptPart(title, "\n".join(_text(part) for part in turn.parts))


def _text(part: str | Blob) -> str:
    if isinstance(part, str):
        return part
    return _("[file: %(kind)s, %(size)d kB]") % {"kind": part.mime_type, "size": max(1, len(part.data) // 1024)}
