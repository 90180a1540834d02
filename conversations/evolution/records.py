"""One message as the gateway keeps it, read: webhook data, history and chat list share a shape. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import NamedTuple, TypeVar

from conversations.evolution import content
from conversations.evolution.errors import Unreadable
from conversations.evolution.fields import JSONDict, as_count, as_dict, as_list, as_name, as_second, as_text
from conversations.jid import JID, JIDKind, is_person, kind, user_part, without_device
from conversations.message import Author, Chat, Message, Quote, Referral, Status

T = TypeVar("T")

#: Ids and addresses longer than this are not WhatsApp's, and would not fit where we keep them.
LONGEST_ID = 128

#: What the gateway writes as the name on our own messages. Never shown: it means "you", not the lead.
OWN_NAME = "Você"


def message(record: JSONDict, *, instance: str, is_api_shaped: bool | None = None) -> Message:
    """Read one record: the data of a webhook, a row of /chat/findMessages, or the answer to a send; they share a shape.

    `is_api_shaped` is given where the event's name already tells whether the API sent it; otherwise the record's marks
    decide. Our own messages get author PHONE or OTHER by that; the ledger of what we sent turns OTHER into BOT or REP.
    Raises Unreadable when id, address or time is missing; never anything else.
    """
    id, jid, from_me = key(as_dict(record.get("key")))
    sent_at = as_second(record.get("messageTimestamp"))
    if sent_at is None:
        raise Unreadable("message without a time")
    type_name = as_text(record.get("messageType"))
    said = content.read(as_dict(record.get("message")), type_name)
    context = {**said.context, **as_dict(record.get("contextInfo"))}
    participant = _participant(record, jid)
    words, is_revoked = _updates(record)
    from_api = from_me and (_looks_sent_by_api(record) if is_api_shaped is None else is_api_shaped)
    return Message(
        id=id,
        jid=jid,
        instance=instance,
        from_me=from_me,
        kind=said.kind,
        sent_at=sent_at,
        author=_author(from_me=from_me, from_api=from_api),
        type_name=type_name or "unknown",
        text=said.text,
        push_name="" if from_me else _push_name(record, participant),
        alt_jid=None if from_me else _alt_jid(record, jid),
        participant=participant,
        media=said.media,
        quote=_quote(context),
        reaction=said.reaction,
        place=said.place,
        cards=said.cards,
        referral=None if from_me else _referral(context),
        status=_highest(words) if from_me else None,
        # A lead's revocation brings both words.
        is_edited=said.is_edit or ("EDITED" in words and not is_revoked),
        is_deleted=is_revoked,
        is_api_shaped=from_api,
        source=as_text(record.get("source")),
        is_ephemeral=said.is_ephemeral,
        is_notice=said.is_notice,
    )


class MessagePage(NamedTuple):
    """One page of /chat/findMessages."""

    #: Newest first, as given; a record that cannot be read is left out.
    messages: list[Message]
    #: How many records match in all, and how many pages of this size they make.
    total: int
    pages: int


def messages_page(body: object, *, instance: str) -> MessagePage:
    """Read an answer of /chat/findMessages. Raises Unreadable when it is not one."""
    found = as_dict(body).get("messages")
    if not isinstance(found, dict) or not isinstance(found.get("records"), list):
        raise Unreadable("answer without messages.records")
    records = _readable(found["records"], lambda record: message(record, instance=instance))
    return MessagePage(records, total=as_count(found.get("total")) or 0, pages=as_count(found.get("pages")) or 0)


def chats(body: object, *, instance: str) -> list[Chat]:
    """Read an answer of /chat/findChats, in its order; a row that cannot be read is left out."""
    if not isinstance(body, list):
        raise Unreadable("answer is not a list of chats")
    return _readable(body, lambda row: _chat(row, instance))


def _chat(row: JSONDict, instance: str) -> Chat:
    name = as_name(row.get("pushName"))
    last = as_dict(row.get("lastMessage"))
    # Source: evolution-api 2.3.6: the row's own status stays PENDING for ever; only MessageUpdate rows are current.
    last = {field: value for field, value in last.items() if field != "status" or value == "DELETED"}
    return Chat(
        instance=instance,
        jid=address(row.get("remoteJid")),
        name="" if name == OWN_NAME else name,
        picture_url=as_text(row.get("profilePicUrl")),
        last_message=next(iter(_readable([last], lambda record: message(record, instance=instance))), None),
    )


def _readable(rows: Iterable[object], read: Callable[[JSONDict], T]) -> list[T]:
    found = []
    for row in rows:
        try:
            found.append(read(as_dict(row)))
        except Unreadable:
            continue
    return found


def each_once(messages: Iterable[Message]) -> list[Message]:
    """One message per id, in the given order: the one that got furthest, where the gateway has it twice."""
    found: dict[str, Message] = {}
    for said in messages:
        known = found.get(said.id)
        if known is None or _rank(said) > _rank(known):
            found[said.id] = said
    return list(found.values())


def _rank(said: Message) -> int:
    return said.status.rank if said.status else -1


# ---------------------------------------------------------------------------------------------- which message, whose


def key(key: JSONDict) -> tuple[str, JID, bool]:
    """A record's key: message id, address, and whether it is our own. Raises Unreadable."""
    return message_id(key.get("id")), address(key.get("remoteJid")), key.get("fromMe") is True


def message_id(value: object) -> str:
    """A message's id. Raises Unreadable."""
    id = as_text(value)
    if not id or len(id) > LONGEST_ID:
        raise Unreadable("message without a usable id")
    return id


def address(value: object) -> JID:
    """A conversation's address, exactly as received. Raises Unreadable."""
    jid = as_text(value)
    if not jid or len(jid) > LONGEST_ID or re.search(r"[\s\x00-\x1f]", jid):
        raise Unreadable("message without a usable address")
    return JID(jid)


def _author(*, from_me: bool, from_api: bool) -> Author:
    if not from_me:
        return Author.LEAD
    return Author.OTHER if from_api else Author.PHONE


def _participant(record: JSONDict, jid: JID) -> JID | None:
    # The gateway fills it in for some of our own messages to one person as well, where it says nothing.
    if kind(jid) not in (JIDKind.GROUP, JIDKind.BROADCAST):
        return None
    participant = as_text(as_dict(record.get("key")).get("participant")) or as_text(record.get("participant"))
    return JID(participant) if participant and len(participant) <= LONGEST_ID else None


def _push_name(record: JSONDict, participant: JID | None) -> str:
    name = as_name(record.get("pushName"))
    # Source: evolution-api 2.3.6: in a group, a sender without a profile name is given by number.
    is_number = participant is not None and name in (participant, user_part(participant))
    return "" if is_number or name == OWN_NAME else name


def _alt_jid(record: JSONDict, jid: JID) -> JID | None:
    """The lead's other address: the phone of a LID, or the LID of a phone."""
    # Source: evolution-api 2.3.6: remoteJidAlt since 2.3.4, senderPn in 2.3.0 to 2.3.3, nothing before. On our own
    # messages it is derived from the sender, not from the lead: not to be trusted there.
    if not is_person(jid):
        return None
    keys = as_dict(record.get("key"))
    for name in ("remoteJidAlt", "senderPn"):
        other = without_device(as_text(keys.get(name)))
        if is_person(other) and kind(other) is not kind(jid) and user_part(other) and len(other) <= LONGEST_ID:
            return other
    return None


# ------------------------------------------------------------------------------------------------ sent by the API?


def _looks_sent_by_api(record: JSONDict) -> bool:
    """Whether an own record carries the marks of a send through the API, as opposed to a person's on some device."""
    # Source: evolution-api 2.3.6, seen side by side in history:
    #
    #                sent by the API                        typed on the phone    typed on WhatsApp Web
    #   source       web (unknown before 2.3)               android, ios          web
    #   pushName     "Você"                                 the account's name    the account's name
    #   contextInfo  the fixed object, one to one;          null, or a quote      null, or a quote
    #                none on reactions, polls, buttons
    #
    # The name decides, since older versions may write no contextInfo. But WhatsApp Web without a profile name is called
    # "Você" too: a contextInfo that lacks the fixed object then shows a person's hand (a quote, made there).
    if as_text(record.get("source")) not in ("web", "unknown", ""):
        return False
    context = as_dict(record.get("contextInfo"))
    name = as_name(record.get("pushName"))
    if name == OWN_NAME:
        is_one_to_one = is_person(as_text(as_dict(record.get("key")).get("remoteJid")))
        return not (context and is_one_to_one) or _has_fixed_object(context)
    return not name and (_has_fixed_object(context) or _is_uuid(as_text(as_dict(record.get("key")).get("id"))))


def _has_fixed_object(context: JSONDict) -> bool:
    # Source: evolution-api 2.3.6, sendMessageWithTyping: {mentionedJid: [], groupMentions: [],
    # ephemeralSettingTimestamp, disappearingMode: {initiator: 0}}, to which a quote is added.
    return (
        isinstance(context.get("mentionedJid"), list)
        and isinstance(context.get("groupMentions"), list)
        and isinstance(context.get("disappearingMode"), dict)
    )


def _is_uuid(id: str) -> bool:
    """How the EVOLUTION channel, which has no phone behind it, names what it sends."""
    return re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", id) is not None


# ------------------------------------------------------------------------------------------------------- delivery


def status(word: str) -> Status | None:
    """The status of that name; None for a word we do not know."""
    return Status(word) if word in Status.__members__ else None


def _updates(record: JSONDict) -> tuple[set[str], bool]:
    """The status words of a record, in no order, and whether it was deleted."""
    words = {as_text(as_dict(update).get("status")) for update in as_list(record.get("MessageUpdate"))}
    words.add(as_text(record.get("status")))
    # Source: evolution-api 2.3.6, with DATABASE_DELETE_MESSAGE=true: the row stays and its key says so.
    return words, "DELETED" in words or as_dict(record.get("key")).get("deleted") is True


def _highest(words: Iterable[str]) -> Status | None:
    known = [found for word in words if (found := status(word))]
    return max(known, key=lambda found: found.rank, default=None)


# ------------------------------------------------------------------------------------------------------- context


def _quote(context: JSONDict) -> Quote | None:
    id = as_text(context.get("stanzaId"))
    if not id:
        return None
    said = content.read(as_dict(context.get("quotedMessage")), "conversation")
    participant = as_text(context.get("participant"))
    return Quote(id=id, text=said.text, kind=said.kind, participant=JID(participant) if participant else None)


def _referral(context: JSONDict) -> Referral | None:
    # Source: evolution-api 2.3.6: contextInfo.externalAdReply; link previews use it too, without any of these.
    ad = as_dict(context.get("externalAdReply"))
    if not any(as_text(ad.get(name)) for name in ("sourceId", "sourceType", "ctwaClid")):
        return None
    return Referral(
        title=as_text(ad.get("title")),
        body=as_text(ad.get("body")),
        source_url=as_text(ad.get("sourceUrl")),
        source_id=as_text(ad.get("sourceId")),
        source_type=as_text(ad.get("sourceType")),
        click_id=as_text(ad.get("ctwaClid")),
    )
