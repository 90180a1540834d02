"""The administrators' look at control: history is read, and the switches are thrown as on the dashboard."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from conversations import jid, switches
from conversations.models import Alias, AuditEntry, Control, QuickAnswer, Sent, Switch

if TYPE_CHECKING:
    _Admin = admin.ModelAdmin[Model]
    _SwitchAdmin = admin.ModelAdmin[Switch]
    _QuickAnswerAdmin = admin.ModelAdmin[QuickAnswer]
else:
    _Admin = _SwitchAdmin = _QuickAnswerAdmin = admin.ModelAdmin

# The notice that Evolution API is used, which its licence asks for, stands on the index (templates/admin/index.html).
admin.site.site_header = admin.site.site_title = "Voice SDR WhatsApp"
admin.site.index_title = _("Administration")


class ReadOnly(_Admin):
    """History and state that the product writes: shown, never edited by hand."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody adds history."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody rewrites it."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody loses it."""
        return False

    @admin.display(description=_("conversation"))
    def lead(self, row: Any) -> str:
        """The conversation with its number masked: a list is looked at over shoulders."""
        return jid.masked(row.conversation) if row.conversation else "–"


@admin.register(Control)
class ControlAdmin(ReadOnly):
    """Who may speak. It is changed on the conversation's page, where it is recorded and told to everybody."""

    list_display = ("lead", "instance", "mode", "holder", "until", "reason", "opted_out", "changed_at")
    list_filter = ("mode", "opted_out", "instance", "reason")
    list_select_related = ("holder",)
    # No search by number anywhere here: it would stand in the address, and so in logs and browser histories.
    ordering = ("-changed_at",)


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnly):
    """Who changed control, when and why."""

    list_display = ("at", "lead", "act", "actor", "rep", "reason", "before", "after", "until", "instance")
    list_filter = ("act", "actor", "instance", "rep")
    list_select_related = ("rep",)
    date_hierarchy = "at"


@admin.register(Sent)
class SentAdmin(ReadOnly):
    """The ledger: what left through us, without its text."""

    list_display = ("at", "lead", "instance", "author", "rep", "state", "message_id")
    list_filter = ("author", "state", "instance")
    list_select_related = ("rep",)
    date_hierarchy = "at"
    ordering = ("-at",)
    search_fields = ("message_id",)


@admin.register(QuickAnswer)
class QuickAnswerAdmin(_QuickAnswerAdmin):
    """What reps send often: our own words, edited here."""

    list_display = ("__str__", "text")
    search_fields = ("shortcut", "text")

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Django's word for deleting agrees with masculine names alone."""
        actions = super().get_actions(request) or {}
        if found := actions.get("delete_selected"):
            act, name, _words = found
            actions["delete_selected"] = (act, name, gettext("Delete the selected quick answers"))
        return actions


@admin.register(Alias)
class AliasAdmin(ReadOnly):
    """The addresses of one lead."""

    list_display = ("address", "lead", "instance")
    list_filter = ("instance",)

    @admin.display(description="JID")
    def address(self, row: Alias) -> str:
        """The other address, masked."""
        return jid.masked(row.jid)


@admin.register(Switch)
class SwitchAdmin(_SwitchAdmin):
    """The switches: thrown by actions, so that each throw has its epoch, its audit row and its word to the screens."""

    list_display = ("__str__", "is_on", "bot_since", "changed_at", "changed_by")
    list_display_links = None
    list_select_related = ("changed_by",)
    ordering = ("instance",)
    actions = ("switch_on", "switch_off")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Switch]:
        """Every configured one, also before somebody looked at it on the dashboard."""
        switches.state()
        return super().get_queryset(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """They come with the instances."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Switch | None = None) -> bool:
        """Not as a form: a field that is set by hand would stop no answer that is on its way."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Switch | None = None) -> bool:
        """A switch that is gone would come back as it was at first."""
        return False

    def has_switch_permission(self, request: HttpRequest) -> bool:
        """The same permission as on the dashboard."""
        return request.user.has_perm("conversations.switch")

    @admin.action(description=_("Switch the bot on"), permissions=["switch"])
    def switch_on(self, request: HttpRequest, rows: QuerySet[Switch]) -> None:
        """For every chosen one."""
        self._throw(request, rows, on=True)

    @admin.action(description=_("Switch the bot off"), permissions=["switch"])
    def switch_off(self, request: HttpRequest, rows: QuerySet[Switch]) -> None:
        """For every chosen one."""
        self._throw(request, rows, on=False)

    def _throw(self, request: HttpRequest, rows: QuerySet[Switch], *, on: bool) -> None:
        assert isinstance(request.user, User)
        for row in rows:
            switches.switch(request.user, row.instance, on)
        done = _("The bot is switched on.") if on else _("The bot is switched off.")
        self.message_user(request, str(done), messages.SUCCESS if on else messages.WARNING)
