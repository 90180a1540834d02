"""`manage.py prepare`: everything between a fresh checkout and a first start, in one process."""

from __future__ import annotations

import os
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandParser

from conversations.models import QuickAnswer
from sdr_dashboard import translations

#: Name to log in with, what colleagues call them, group, whether the admin is open to them, and the variable
#: `make run` keeps the password in.
DEMO_USERS = (
    ("gestor", ("Helena", "Duarte"), "Gestores", True, "DEMO_GESTOR_PASSWORD"),
    ("vendedor", ("Rafael", "Teixeira"), "Vendedores", False, "DEMO_VENDEDOR_PASSWORD"),
)
#: What reps of the demo send often: shortcut and text.
DEMO_QUICK_ANSWERS = (
    ("ola", "Oi, {nome}! Aqui é {vendedor}, do time comercial. Como posso te ajudar?"),
    (
        "reuniao",
        "{nome}, consigo te mostrar tudo em uma conversa de 20 minutos. Qual dia e horário são bons para você?",
    ),
    ("retorno", "Oi, {nome}! Ficou alguma dúvida sobre o que conversamos? Sigo à disposição. Abraço, {vendedor}"),
)


class Command(BaseCommand):
    """Migrate, compile the translations and, for a demo, create its users and quick answers.

    Running it twice changes nothing.
    """

    help = "Make the database and the translations ready."

    def add_arguments(self, parser: CommandParser) -> None:
        """The demo users are wanted only where nothing real is connected."""
        parser.add_argument("--demo-users", action="store_true", help="Create gestor and vendedor.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it."""
        translations.compile_all(settings.BASE_DIR)
        call_command("migrate", interactive=False, verbosity=0)
        if options["demo_users"]:
            is_first = not get_user_model().objects.exists()
            for name, called, group, is_staff, variable in DEMO_USERS:
                _create(name, called, group, is_staff=is_staff, password=os.environ[variable])
            # Once: what somebody deletes stays deleted.
            for shortcut, text in DEMO_QUICK_ANSWERS if is_first else ():
                QuickAnswer.objects.get_or_create(shortcut=shortcut, defaults={"text": text})


def _create(name: str, called: tuple[str, str], group: str, *, is_staff: bool, password: str) -> None:
    """Create the user, unless it is there: a password that somebody changed stays changed."""
    known = {"first_name": called[0], "last_name": called[1], "is_staff": is_staff}
    user, is_new = get_user_model().objects.get_or_create(username=name, defaults=known)
    if is_new:
        user.set_password(password)
        user.save()
        user.groups.add(Group.objects.get_or_create(name=group)[0])
