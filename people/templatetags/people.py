"""People in words."""

from __future__ import annotations

from typing import Any

from django import template

from people import access

register = template.Library()


@register.filter
def called(user: Any) -> str:
    """The name colleagues use, else the one they log in with."""
    return access.name_of(user) if user else ""


@register.filter
def role(user: Any) -> str:
    """Which groups a person is in, in words; "" for none."""
    return ", ".join(access.group_word(group) for group in user.groups.all())


@register.filter
def explained(group_name: str) -> str:
    """What a group may do, in one sentence; "" for one we do not know."""
    return str(access.GROUPS.get(group_name, ("", ""))[1])


@register.filter
def may_be_changed_by(person: Any, manager: Any) -> bool:
    """`manager` may change the place of `person`."""
    return access.may_change(manager, person)


@register.filter
def group_word(group: Any) -> str:
    """What a group is called on the screens."""
    return access.group_word(group)
