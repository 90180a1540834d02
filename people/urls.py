"""The addresses of people: coming in, one's own page, and the team."""

from __future__ import annotations

from django.urls import path

from people.views import invitation, log_in, me, password, second_factor, team

app_name = "people"

_ONE = "team/<int:person>/"

urlpatterns = [
    path("login/code/", log_in.code, name="code"),
    path("invitation/<str:token>/", invitation.accept, name="invitation"),
    path("password/", password.forgotten, name="forgotten"),
    path("password/<str:uidb64>/<str:token>/", password.NewPassword.as_view(), name="new_password"),
    path("me/", me.show, name="me"),
    path("me/password/", password.change, name="password"),
    path("me/sessions/end/", me.end_sessions, name="end_sessions"),
    path("me/second-factor/", second_factor.set_up, name="second_factor"),
    path("me/second-factor/codes/", second_factor.renew, name="recovery_codes"),
    path("me/second-factor/remove/", second_factor.remove, name="remove_factor"),
    path("team/", team.show, name="team"),
    path("team/invite/", team.invite, name="invite"),
    path("team/invitations/<int:pk>/withdraw/", team.withdraw, name="withdraw"),
    path(_ONE, team.person, name="person"),
    path(f"{_ONE}deactivate/", team.deactivate, name="deactivate"),
    path(f"{_ONE}reactivate/", team.reactivate, name="reactivate"),
    path(f"{_ONE}new-password/", team.reset, name="reset"),
    path(f"{_ONE}sessions/end/", team.end_sessions, name="end_their_sessions"),
    path(f"{_ONE}second-factor/remove/", team.remove_factor, name="remove_their_factor"),
]
