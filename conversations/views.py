"""The pages: the list, a conversation, and what people do there. What happens meanwhile is in `stream.py`.

Each fragment is one template: the page includes it, htmx asks for it by its id (the target), and the stream sends it.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.conf import settings
from django.contrib import messages as flash
from django.contrib.auth.models import User
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST
from django_htmx.http import HttpResponseClientRedirect
from django_htmx.middleware import HtmxDetails

from conversations import control, fence, history, identity, live, sealed, sending, shown, switches
from conversations.evolution import EvolutionError, Unconfirmed
from conversations.forms import PauseForm, SendForm, SwitchForm
from conversations.inbox import inbox, lists_groups
from conversations.message import Key, Message
from conversations.models import Mode, Sent
from conversations.templatetags.conversations import phone

P = ParamSpec("P")


class Request(HttpRequest):
    """A request as `HtmxMiddleware` leaves it."""

    htmx: HtmxDetails


#: Rows on one page of the list.
PAGE = 50
#: How many messages a conversation shows, and how many on demand.
LENGTHS = (50, 200, 500)
#: How long a conversation says that one's last message did not go out.
_LOST_FOR = timedelta(hours=1)


# --------------------------------------------------------------------------------------------------------- who may


def may(permission: str) -> Callable[[Callable[..., HttpResponseBase]], Callable[..., HttpResponseBase]]:
    """Only for people who are logged in and hold `conversations.<permission>`."""

    def decorate(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
        @wraps(view)
        def guarded(request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return _to_login(request)
            if not request.user.has_perm(f"conversations.{permission}"):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        return guarded

    return decorate


def _to_login(request: Request) -> HttpResponse:
    """The login page, and back from there to the page one was on. A fragment takes the whole page along."""
    if request.htmx:
        back = request.htmx.current_url_abs_path or "/"
        return HttpResponseClientRedirect(redirect_to_login(back).url)
    return redirect_to_login(request.get_full_path() if request.method == "GET" else "/")


def _fragment(request: Request, page: str, fragments: dict[str, str], context: dict[str, Any]) -> HttpResponse:
    """The page, or only the fragment that htmx asks for by the id of its target."""
    template = fragments.get(request.htmx.target or "", page) if request.htmx else page
    response = render(request, template, context)
    patch_vary_headers(response, ["HX-Request", "HX-Target"])
    # Somebody's messages: no copy of them is left in a browser's or a proxy's cache.
    response["Cache-Control"] = "no-store, private"
    return response


# -------------------------------------------------------------------------------------------------------- the list


@require_GET
@may("watch")
def show_inbox(request: Request) -> HttpResponse:
    """The conversations, newest first."""
    return _fragment(
        request,
        "conversations/inbox.html",
        {"list": "conversations/_list.html"},
        {**_list(request), "position": live.position()},
    )


def _list(request: Request, open_key: Key | None = None) -> dict[str, Any]:
    """What the list shows: one page of rows, and the state of the gateway."""
    here = inbox()
    rows = here.rows(groups=lists_groups())
    page = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    on_page = list(page.object_list)
    here.want_names(on_page)
    return {
        "lines": shown.lines(on_page),
        "page": page,
        "total": len(rows),
        "gateway": shown.trouble(here),
        "is_built": any(health.is_built for health in here.health().values()),
        "open_key": open_key,
    }


# --------------------------------------------------------------------------------------------------- a conversation


def key_of(instance: str, opaque: str) -> Key:
    """The conversation an address means, also an address from before two were merged. Raises Http404."""
    key = sealed.from_opaque_id(instance, opaque) if instance in settings.EVOLUTION_INSTANCES else None
    if key is None:
        raise Http404
    return identity.resolve(instance, key.conversation)


def of_conversation(
    view: Callable[Concatenate[Request, Key, P], HttpResponseBase],
) -> Callable[..., HttpResponseBase]:
    """Give the view the key instead of the address."""

    @wraps(view)
    def found(request: Request, instance: str, opaque: str, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        return view(request, key_of(instance, opaque), *args, **kwargs)

    return found


@require_GET
@may("watch")
def conversation(request: Request, instance: str, opaque: str) -> HttpResponse:
    """The live history and who may speak. Looking leaves no trace at the gateway."""
    key = key_of(instance, opaque)
    if shown.address(key) != request.path:
        return redirect(shown.address(key))
    # Before the history is read: what happens meanwhile is told by the stream, twice rather than never.
    position = live.position()
    target = request.htmx.target if request.htmx else None
    context = _messages(request, key) if target in (None, "messages") else {}
    context |= _about(request, key)
    if target in (None, "list"):
        context |= _list(request, open_key=key)
    if target is None:
        context |= {
            "position": position,
            **_composer(key, text=sending.kept_draft(key) if "draft" in request.GET else ""),
        }
    return _fragment(
        request,
        "conversations/conversation.html",
        {
            "messages": "conversations/_messages.html",
            "control": "conversations/_control.html",
            "list": "conversations/_list.html",
        },
        context,
    )


def _about(request: Request, key: Key, **more: Any) -> dict[str, Any]:
    """What the head of a conversation and its control bar show."""
    row = control.current(key)
    known = inbox().row(key)
    return {
        "key": key,
        "url": shown.address(key),
        "stream_name": f"{key.instance}/{sealed.opaque_id(key)}",
        "name": (known.name if known else "") or phone(key),
        "has_name": bool(known and known.name),
        "control": row,
        "is_on": switches.is_on(key.instance),
        "draft": sending.kept_draft(key) if row.mode_at(timezone.now()) is not Mode.BOT else "",
        "summary": sending.kept_summary(key) if row.mode_at(timezone.now()) is Mode.WAITING else "",
        "lost": _lost(request, key),
        "pauses": PauseForm.FOR,
        **more,
    }


def _lost(request: Request, key: Key) -> Sent | None:
    """The last thing this person sent here, if it turned out not to have gone out, a while ago at most."""
    here = Sent.objects.filter(instance=key.instance, conversation=key.conversation, rep_id=request.user.pk)
    last = here.order_by("-at").first()
    is_lost = last is not None and last.state == Sent.State.NOT_SENT and last.at > timezone.now() - _LOST_FOR
    return last if is_lost else None


def _messages(request: Request, key: Key) -> dict[str, Any]:
    """The bubbles, oldest first, or why there are none."""
    length = next((number for number in LENGTHS if request.GET.get("n") == str(number)), LENGTHS[0])
    try:
        found = history.recent(key, length)
    except EvolutionError as error:
        return {"bubbles": [], "trouble": shown.why(error), "tried_at": timezone.now()}
    inbox().saw(key, found)
    longer = next((number for number in LENGTHS if number > length), None)
    return {"bubbles": shown.bubbles(found), "longer": longer if len(found) >= length else None, "length": length}


# -------------------------------------------------------------------------------------------------- acts of control


def _acted(request: Request, key: Key, notice: str, *, is_warning: bool = False) -> HttpResponse:
    """The control bar with what was done; without scripts the page again."""
    if request.htmx:
        return render(request, "conversations/_acted.html", _about(request, key, notice=notice, is_warning=is_warning))
    flash.add_message(request, flash.WARNING if is_warning else flash.SUCCESS, notice)
    return redirect(shown.address(key))


def _rep(request: Request) -> User:
    assert isinstance(request.user, User)
    return request.user


@require_POST
@may("act")
@of_conversation
def take_over(request: Request, key: Key) -> HttpResponse:
    """*Assumir*: when it answers, no bot message leaves any more, or it says that one still may."""
    taken = control.take_over(key, _rep(request))
    if taken.may_still_leave:
        return _acted(
            request,
            key,
            _("The conversation is yours. One message of the bot was already on its way and may still go out."),
            is_warning=True,
        )
    return _acted(request, key, _("The conversation is yours. From now on the bot sends nothing here."))


@require_POST
@may("act")
@of_conversation
def pause(request: Request, key: Key) -> HttpResponse:
    """*Pausar*: the bot is quiet here for a time, or until somebody resumes it."""
    form = PauseForm(request.POST)
    if not form.is_valid():
        return HttpResponse(status=400)
    control.pause(key, _rep(request), form.until())
    return _acted(request, key, _("Paused. The bot sends nothing here, whatever the lead writes."))


@require_POST
@may("act")
@of_conversation
def resume(request: Request, key: Key) -> HttpResponse:
    """*Retomar*: ends a pause."""
    control.resume(key, _rep(request))
    return _acted(request, key, _("Resumed. The bot answers here again."))


@require_POST
@may("act")
@of_conversation
def hand_back(request: Request, key: Key) -> HttpResponse:
    """*Devolver ao bot*."""
    control.hand_back(key, _rep(request))
    return _acted(request, key, _("Handed back. The bot answers here again."))


# -------------------------------------------------------------------------------------------------------- answering


def _composer(key: Key, *, text: str = "", **more: Any) -> dict[str, Any]:
    """An empty form, or one with what was written and what became of it. Each has a token of its own."""
    return {"key": key, "url": shown.address(key), "text": text, "token": uuid.uuid4().hex, **more}


@require_POST
@may("act")
@of_conversation
def send(request: Request, key: Key) -> HttpResponse:
    """Send an answer; sending is taking over. What was written comes back with the reason when it did not go out."""
    form = SendForm(request.POST)
    written = request.POST.get("text", "")
    if not form.is_valid():
        words = form.errors.get("text", [_("This form is no longer good. Please try again.")])
        return _not_sent(request, key, written, " ".join(str(word) for word in words))
    text, token = form.cleaned_data["text"], form.cleaned_data["token"]
    try:
        message = sending.send_as_rep(key, text, _rep(request), form.cleaned_data["quoted_id"], token)
    except fence.Spent:
        return _again(request, key, written, token)
    except Unconfirmed:
        return _unconfirmed(request, key, text)
    except EvolutionError as error:
        return _not_sent(request, key, written, _("Not sent. %(why)s") % {"why": shown.why(error)})
    sending.drop_draft(key)
    return _sent(request, key, message)


def _sent(request: Request, key: Key, message: Message | None) -> HttpResponse:
    if request.htmx:
        context = {**_about(request, key), **_composer(key), "is_sent": True}
        return render(
            request, "conversations/_sent.html", {**context, "bubble": shown.Bubble(message) if message else None}
        )
    return redirect(f"{shown.address(key)}#end")


def _not_sent(request: Request, key: Key, written: str, why: str) -> HttpResponse:
    return _composed(request, key, _composer(key, text=written, why=why))


def _unconfirmed(request: Request, key: Key, text: str) -> HttpResponse:
    """It may be out: the words are shown to be copied, but not put back into the box, to be sent by habit."""
    return _composed(request, key, _composer(key, unconfirmed=text))


def _again(request: Request, key: Key, written: str, token: str) -> HttpResponse:
    """The same form once more, by a double click or a reload: say how its one send ended."""
    sent = Sent.objects.filter(token=token, rep=_rep(request)).first()
    if sent is None or sent.state == Sent.State.NOT_SENT:
        return _not_sent(request, key, written, _("Not sent. Please try again."))
    if sent.state == Sent.State.UNCONFIRMED:
        return _unconfirmed(request, key, written)
    return _sent(request, key, None)


def _composed(request: Request, key: Key, composer: dict[str, Any]) -> HttpResponse:
    """The form as it stands; without scripts in its page."""
    if request.htmx:
        return render(request, "conversations/_composed.html", {**_about(request, key), **composer})
    context = {**_about(request, key), **_messages(request, key), **_list(request, open_key=key), **composer}
    return render(request, "conversations/conversation.html", {**context, "position": live.position()})


# ------------------------------------------------------------------------------------------------------- the switch


@require_POST
@may("switch")
def switch(request: Request) -> HttpResponse:
    """The bot on or off, everywhere or for one number."""
    form = SwitchForm(request.POST)
    if not form.is_valid():
        return HttpResponse(status=400)
    on = form.cleaned_data["on"] == "1"
    switches.switch(_rep(request), form.cleaned_data["instance"], on)
    if on:
        # That it is off, every page says as long as it is.
        flash.success(request, _("The bot is switched on."))
    return redirect("conversations:inbox")
