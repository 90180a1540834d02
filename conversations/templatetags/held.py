"""What a page of the team says about conversations."""

from __future__ import annotations

from typing import Any

from django import template
from django.template import Context
from django.urls import reverse

from conversations import control, jid, sealed
from conversations.message import Key
from people import access

register = template.Library()


@register.simple_tag(takes_context=True)
def held_by(context: Context, person: Any) -> list[dict[str, Any]]:
    """The conversations `person` holds, of those the reader may see: id, number with its middle hidden, address."""
    mine = access.instances_of(context["request"].user)
    return [
        {"pk": row.pk, "lead": jid.veiled(row.conversation, unnamed="•••"), "url": _address(row.key),
         "instance": row.instance, "since": row.changed_at}
        for row in control.held_by(person, mine)
    ]  # fmt: skip


def _address(key: Key) -> str:
    return reverse("conversations:conversation", args=[key.instance, sealed.opaque_id(key)])
