"""What follows a command that the account's owner typed on the phone.

It is taken out of the lead's sight, and a question for the state is answered in the owner's chat with themselves.
"""

from __future__ import annotations

import logging

from bot import words
from conversations import control, sending
from conversations.evolution import get_client
from conversations.evolution.errors import EvolutionError
from conversations.message import Key

log = logging.getLogger(__name__)


def take_away(key: Key, message_id: str) -> None:
    """Remove the command for everyone, where the gateway allows it; the command counts all the same."""
    try:
        found = get_client().message(key.instance, message_id)
        get_client().delete_message(key.instance, found.jid if found else key.conversation, message_id)
    except EvolutionError as error:
        log.warning("a command from the phone could not be removed: %s", error)


def tell_state(key: Key) -> None:
    """Write to the account's own number who speaks in the conversation."""
    try:
        instances = get_client().instances()
        owner = next((one.owner for one in instances if one.name == key.instance), None)
        if owner is not None:
            sending.send_to_owner(key.instance, owner, words.state(key, control.current(key)))
    except EvolutionError as error:
        log.warning("the state asked for on the phone could not be told: %s", error)
