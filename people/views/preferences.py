"""One click, one preference: how the screens look, and what they may interrupt one with."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from people.models import Profile, Theme

#: What may be set here, and what each word of a form means.
_YES_OR_NO: dict[str, bool | str] = {"1": True, "0": False}
_MEANINGS: dict[str, dict[str, bool | str]] = {
    "theme": {value: value for value in Theme.values},
    "sound": _YES_OR_NO,
    "notifications": _YES_OR_NO,
    "shortcuts": _YES_OR_NO,
}


@require_POST
@login_required
def prefer(request: HttpRequest) -> HttpResponse:
    """Keep what was chosen; a script gets no answer to show, a form its page again."""
    chosen = {name: meaning.get(request.POST[name]) for name, meaning in _MEANINGS.items() if name in request.POST}
    if not chosen or None in chosen.values():
        return HttpResponse(status=400)
    assert isinstance(request.user, User)
    Profile.objects.update_or_create(user=request.user, defaults=chosen)
    return redirect(_back(request)) if request.accepts("text/html") else HttpResponse(status=204)


def _back(request: HttpRequest) -> str:
    """Where one came from, if that is here."""
    came_from = request.headers.get("Referer", "")
    return came_from if url_has_allowed_host_and_scheme(came_from, {request.get_host()}) else "/"
