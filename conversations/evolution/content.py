"""What a message says, by kind: the inside of a record's `message`, unwrapped. Pure.

Whatever it does not know becomes Kind.UNSUPPORTED; nothing here raises.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from conversations.evolution.fields import JSONDict, as_count, as_dict, as_float, as_list, as_text
from conversations.message import Card, Kind, Media, Place, Reaction


@dataclass(frozen=True, slots=True)
class Content:
    """What one message says, without who said it and when."""

    kind: Kind
    text: str = ""
    media: Media | None = None
    reaction: Reaction | None = None
    place: Place | None = None
    cards: tuple[Card, ...] = ()
    is_ephemeral: bool = False
    #: The new text of an earlier message (`Message.is_edited`).
    is_edit: bool = False
    #: See `Message.is_notice`.
    is_notice: bool = False
    #: What the content itself says about quote, advertisement and the like; the record's own comes first.
    context: JSONDict = field(default_factory=dict)


# Source: evolution-api 2.3.6, prepareMessage: only documentWithCaption and extendedText are unwrapped there; ephemeral,
# view-once and edited wrappers arrive as they are. The others are Baileys 7, normalizeMessageContent.
_VIEW_ONCE_WRAPPERS = ("viewOnceMessage", "viewOnceMessageV2", "viewOnceMessageV2Extension")
_WRAPPERS = (
    "ephemeralMessage",
    "editedMessage",
    "documentWithCaptionMessage",
    "deviceSentMessage",
    "groupMentionedMessage",
    "associatedChildMessage",
    "lottieStickerMessage",
    *_VIEW_ONCE_WRAPPERS,
)
#: Wrappers nest (a disappearing view-once), but not deeper than this.
_DEEPEST_WRAPPER = 5

#: Keys of `message` that stand beside the content and are never the content.
_BESIDE = ("messageContextInfo", "base64", "mediaUrl", "speechToText", "senderKeyDistributionMessage", "contextInfo")

# They tell of something rather than say it. Source: WAProto of Baileys 7 ("callLogMesssage" is spelled so there).
_NOTICES = (
    "protocolMessage",
    "pollUpdateMessage",
    "keepInChatMessage",
    "pinInChatMessage",
    "encReactionMessage",
    "callLogMesssage",
    "call",
    "bcallMessage",
    "scheduledCallCreationMessage",
    "scheduledCallEditMessage",
)

# Source: evolution-api 2.3.6, OpenAI speechToText: the words are stored with this before them.
_SPEECH_PREFIX = re.compile(r"\A\s*\[audio\]\s*", re.IGNORECASE)


def read(message: JSONDict, type_name: str) -> Content:
    """What `message` says; `type_name` (the record's messageType) decides where the body alone does not."""
    return _read(message, type_name, _DEEPEST_WRAPPER)


def altered_message(message: JSONDict) -> JSONDict:
    """The protocol message inside `message`, by which an earlier one is edited or revoked; empty when there is none."""
    for _ in range(_DEEPEST_WRAPPER):
        if protocol := as_dict(message.get("protocolMessage")):
            return protocol
        wrapper = next((name for name in _WRAPPERS if as_dict(message.get(name))), None)
        if wrapper is None:
            return {}
        message = as_dict(message[wrapper].get("message"))
    return {}


def _read(message: JSONDict, type_name: str, depth: int) -> Content:
    name = _content_name(message, type_name)
    body = as_dict(message.get(name))
    if name in _WRAPPERS and depth > 0:
        return _unwrapped(name, message, body, depth)
    if name in _NOTICES:
        return _notice(body, depth)
    if name == "conversation":
        return Content(Kind.TEXT, text=as_text(message.get("conversation")))
    reader = _READERS.get(name)
    if reader is None:
        return Content(Kind.UNSUPPORTED)
    content = reader(body)
    if body.get("viewOnce") is True:
        content = Content(Kind.VIEW_ONCE)
    return replace(_with_file(content, message), context=as_dict(body.get("contextInfo")))


def _content_name(message: JSONDict, type_name: str) -> str:
    """Which of the message's keys holds what was said."""
    if type_name in message and type_name not in _BESIDE:
        return type_name
    names = [name for name in message if name not in _BESIDE]
    known = next((name for name in names if name == "conversation" or name in _READERS or name in _WRAPPERS), None)
    # The EVOLUTION channel stores a picture as {"mediaUrl": ...} alone: its type is told by messageType only.
    return known or next(iter(names), type_name)


def _unwrapped(name: str, message: JSONDict, body: JSONDict, depth: int) -> Content:
    inner = as_dict(body.get("message"))
    # Files of a wrapped message lie beside the wrapper.
    beside: JSONDict = {key: message[key] for key in ("mediaUrl", "speechToText") if key in message}
    content = _read(beside | inner, "", depth - 1)
    if name == "ephemeralMessage":
        return replace(content, is_ephemeral=True)
    if name == "editedMessage":
        return replace(content, is_edit=True)
    if name in _VIEW_ONCE_WRAPPERS and not _says_it_with_buttons(inner):
        # What it showed was meant to be seen once, by the receiver: not even its caption is kept.
        return Content(Kind.VIEW_ONCE)
    return content


def _says_it_with_buttons(inner: JSONDict) -> bool:
    """The gateway sends buttons inside a view-once wrapper."""
    # Source: evolution-api 2.3.6, sendButtons: viewOnceMessage.message.interactiveMessage.
    return any(name in inner for name in ("interactiveMessage", "buttonsMessage", "listMessage", "templateMessage"))


def _notice(body: JSONDict, depth: int) -> Content:
    edited = as_dict(body.get("editedMessage"))
    if edited and depth > 0:
        return replace(_read(edited, "", depth - 1), is_edit=True, is_notice=True)
    return Content(Kind.UNSUPPORTED, is_notice=True)


# ------------------------------------------------------------------------------------------------------- words


def _extended_text(body: JSONDict) -> Content:
    return Content(Kind.TEXT, text=as_text(body.get("text")))


def _list_offered(body: JSONDict) -> Content:
    return Content(Kind.TEXT, text=_lines(body, "title", "description", "contentText", "footerText"))


def _interactive_offered(body: JSONDict) -> Content:
    parts = {name: as_dict(body.get(name)).get("text") for name in ("body", "footer")}
    return Content(Kind.TEXT, text=_lines(parts, "body", "footer"))


def _template_offered(body: JSONDict) -> Content:
    template = as_dict(body.get("hydratedTemplate")) or as_dict(body.get("hydratedFourRowTemplate"))
    return Content(Kind.TEXT, text=_lines(template, "hydratedTitleText", "hydratedContentText", "hydratedFooterText"))


def _lines(body: JSONDict, *names: str) -> str:
    return "\n".join(text for name in names if (text := as_text(body.get(name)).strip()))


# ------------------------------------------------------------------------------------------------------ choices


def _list_choice(body: JSONDict) -> Content:
    row = as_text(as_dict(body.get("singleSelectReply")).get("selectedRowId"))
    return Content(Kind.CHOICE, text=as_text(body.get("title")) or row)


def _button_choice(body: JSONDict) -> Content:
    chosen = as_text(body.get("selectedDisplayText")) or as_text(body.get("selectedButtonId"))
    return Content(Kind.CHOICE, text=chosen or as_text(body.get("selectedId")))


def _interactive_choice(body: JSONDict) -> Content:
    chosen = as_text(as_dict(body.get("body")).get("text"))
    return Content(Kind.CHOICE, text=chosen or _flow_choice(as_dict(body.get("nativeFlowResponseMessage"))))


def _flow_choice(flow: JSONDict) -> str:
    # Source: WAProto of Baileys 7: the answer of a native flow is a JSON text of its own.
    try:
        answer = as_dict(json.loads(as_text(flow.get("paramsJson"))))
    except (ValueError, RecursionError):
        return ""
    names = ("display_text", "title", "description", "id")
    return next((text for name in names if (text := as_text(answer.get(name)))), "")


def _poll(body: JSONDict) -> Content:
    options = [as_text(as_dict(option).get("optionName")) for option in as_list(body.get("options"))]
    return Content(Kind.POLL, text="\n".join([as_text(body.get("name")), *(f"- {name}" for name in options if name)]))


def _order(body: JSONDict) -> Content:
    return Content(Kind.ORDER, text=_lines(body, "orderTitle", "message"))


# -------------------------------------------------------------------------------------------------------- files


def _audio(body: JSONDict) -> Content:
    media = replace(_file(body), is_voice_note=body.get("ptt") is True)
    return Content(Kind.AUDIO, media=media)


def _image(body: JSONDict) -> Content:
    return Content(Kind.IMAGE, text=as_text(body.get("caption")), media=_file(body))


def _video(body: JSONDict) -> Content:
    return Content(Kind.VIDEO, text=as_text(body.get("caption")), media=_file(body))


def _document(body: JSONDict) -> Content:
    return Content(Kind.DOCUMENT, text=as_text(body.get("caption")), media=_file(body))


def _sticker(body: JSONDict) -> Content:
    return Content(Kind.STICKER, media=_file(body))


def _file(body: JSONDict) -> Media:
    return Media(
        mime_type=as_text(body.get("mimetype")),
        url=as_text(body.get("url")),
        seconds=as_count(body.get("seconds")),
        size=as_count(body.get("fileLength")),
        file_name=as_text(body.get("fileName")) or as_text(body.get("title")),
        width=as_count(body.get("width")),
        height=as_count(body.get("height")),
    )


def _with_file(content: Content, message: JSONDict) -> Content:
    """Add what stands beside a file: where the gateway's own store has it, and what was said in it."""
    if content.media is None:
        return content
    # Source: evolution-api 2.3.6: message.mediaUrl is a presigned link of the gateway's store (S3 on); the url inside
    # is WhatsApp's, encrypted. message.base64 (the whole file) is not kept: media is fetched when it is needed.
    link = as_text(message.get("mediaUrl"))
    if link.startswith(("https://", "http://")):
        content = replace(content, media=replace(content.media, url=link, is_readable=True))
    if content.kind is Kind.AUDIO and (words := as_text(message.get("speechToText"))):
        content = replace(content, text=_SPEECH_PREFIX.sub("", words).strip())
    return content


# ------------------------------------------------------------------------------------- places, people, reactions


def _location(body: JSONDict) -> Content:
    return Content(Kind.LOCATION, text=as_text(body.get("comment")), place=_place(body))


def _live_location(body: JSONDict) -> Content:
    return Content(Kind.LIVE_LOCATION, text=as_text(body.get("caption")), place=_place(body))


def _place(body: JSONDict) -> Place | None:
    latitude, longitude = as_float(body.get("degreesLatitude")), as_float(body.get("degreesLongitude"))
    if latitude is None or longitude is None or abs(latitude) > 90 or abs(longitude) > 180:
        return None
    return Place(latitude, longitude, name=as_text(body.get("name")), address=as_text(body.get("address")))


def _contact(body: JSONDict) -> Content:
    return Content(Kind.CONTACT, cards=(_card(body),))


def _contacts(body: JSONDict) -> Content:
    return Content(Kind.CONTACT, cards=tuple(_card(as_dict(card)) for card in as_list(body.get("contacts"))))


# A vCard line such as "item1.TEL;type=CELL;waid=5511999990077:+55 11 99999-0077".
_VCARD_PHONE = re.compile(r"^(?:[\w-]+\.)?TEL(?:;[^:\r\n]*)?:([^\r\n]+)", re.IGNORECASE | re.MULTILINE)
_VCARD_NAME = re.compile(r"^FN(?:;[^:\r\n]*)?:([^\r\n]+)", re.IGNORECASE | re.MULTILINE)


def _card(body: JSONDict) -> Card:
    vcard = as_text(body.get("vcard"))
    name = as_text(body.get("displayName")) or next(iter(_VCARD_NAME.findall(vcard)), "")
    return Card(name=name.strip(), phones=tuple(phone.strip() for phone in _VCARD_PHONE.findall(vcard)))


def _reaction(body: JSONDict) -> Content:
    key = as_dict(body.get("key"))
    reaction = Reaction(
        target_id=as_text(key.get("id")),
        emoji=as_text(body.get("text")),
        target_is_from_me=key.get("fromMe") is True,
    )
    return Content(Kind.REACTION, reaction=reaction)


_READERS: dict[str, Callable[[JSONDict], Content]] = {
    "conversation": lambda body: Content(Kind.TEXT),
    "extendedTextMessage": _extended_text,
    "audioMessage": _audio,
    "imageMessage": _image,
    "videoMessage": _video,
    "ptvMessage": _video,
    "documentMessage": _document,
    "stickerMessage": _sticker,
    "locationMessage": _location,
    "liveLocationMessage": _live_location,
    "contactMessage": _contact,
    "contactsArrayMessage": _contacts,
    "reactionMessage": _reaction,
    "listResponseMessage": _list_choice,
    "buttonsResponseMessage": _button_choice,
    "templateButtonReplyMessage": _button_choice,
    "interactiveResponseMessage": _interactive_choice,
    "pollCreationMessage": _poll,
    "pollCreationMessageV2": _poll,
    "pollCreationMessageV3": _poll,
    "orderMessage": _order,
    # What the gateway sends with choices to make: read as the words that go with them.
    "listMessage": _list_offered,
    "buttonsMessage": _list_offered,
    "interactiveMessage": _interactive_offered,
    "templateMessage": _template_offered,
}
