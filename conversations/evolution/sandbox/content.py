"""What a message holds, in WhatsApp's own field names as the gateway passes them on. Pure."""

from __future__ import annotations

import hashlib
import secrets
import struct
from dataclasses import dataclass

from .records import long
from .words import JSONDict


@dataclass(frozen=True, slots=True)
class Content:
    """What is said in one message."""

    #: The gateway's messageType.
    type_name: str
    message: JSONDict
    #: The file of a media message, else None.
    file: bytes | None = None
    mime: str = ""

    @property
    def text(self) -> str:
        """The words of it, for the ledger and the page; "" where there are none."""
        if self.type_name == "conversation":
            return str(self.message["conversation"])
        inner = self.message.get(self.type_name)
        return str(inner.get("caption") or inner.get("text") or "") if isinstance(inner, dict) else ""


def text(words: str) -> Content:
    """Plain text; also what an extendedTextMessage becomes."""
    # Source: evolution-api 2.3.6: extendedTextMessage is rewritten to conversation, its contextInfo lifted.
    return Content("conversation", {"conversation": words})


def audio(
    file: bytes, mime: str, seconds: int | None, *, at: int, is_voice_note: bool = True, words: str = ""
) -> Content:  # fmt: skip
    """A voice note, or a sound file; with the `words` of it as from a gateway that transcribes."""
    head, tail = _media(file, mime, at)
    length = {} if seconds is None else {"seconds": seconds}
    message: JSONDict = {"audioMessage": head | length | {"ptt": is_voice_note} | tail}
    if words:
        # Source: evolution-api 2.3.6, OpenAI speechToText: beside the audio, in the webhook and in the stored row.
        message["speechToText"] = f"[audio] {words}"
    return Content("audioMessage", message, file, mime)


def length_of(file: bytes) -> int | None:
    """The seconds of an Opus recording; None for any other sound."""
    # Source: RFC 7845, section 4: a page tells how many samples, 48,000 a second, have been played at its end.
    page = file[file.rfind(b"OggS") :]
    if b"OpusHead" not in file[:64] or len(page) < 14:
        return None
    return max(1, round(int.from_bytes(page[6:14], "little", signed=True) / 48_000))


def image(file: bytes, mime: str, *, at: int, caption: str = "") -> Content:
    """A picture."""
    head, tail = _media(file, mime, at)
    width, height = _size_of(file)
    message: JSONDict = {"interactiveAnnotations": [], "scanLengths": [], "annotations": [], "url": head["url"]}
    message |= {"mimetype": mime} | _caption(caption) | head | {"height": height, "width": width}
    message |= tail | {"jpegThumbnail": _THUMBNAIL}
    return Content("imageMessage", {"imageMessage": message}, file, mime)


def video(file: bytes, mime: str, seconds: int, *, at: int, caption: str = "") -> Content:
    """A film."""
    head, tail = _media(file, mime, at)
    return Content("videoMessage", {"videoMessage": head | {"seconds": seconds} | _caption(caption) | tail}, file, mime)


def document(file: bytes, mime: str, file_name: str, *, at: int, caption: str = "") -> Content:
    """A file."""
    head, tail = _media(file, mime, at)
    key = {"mediaKey": tail.pop("mediaKey")}
    message = head | key | {"fileName": file_name} | tail | _caption(caption)
    return Content("documentMessage", {"documentMessage": message}, file, mime)


def sticker(file: bytes, *, at: int) -> Content:
    """A sticker."""
    head, tail = _media(file, "image/webp", at)
    return Content("stickerMessage", {"stickerMessage": head | tail}, file, "image/webp")


def location(latitude: float, longitude: float, name: str, address: str) -> Content:
    """A place."""
    place = {"degreesLatitude": latitude, "degreesLongitude": longitude, "name": name, "address": address}
    return Content("locationMessage", {"locationMessage": place})


def contact(full_name: str, vcard: str) -> Content:
    """A shared contact."""
    return Content("contactMessage", {"contactMessage": {"displayName": full_name, "vcard": vcard}})


def reaction(key: JSONDict, emoji: str, at_ms: int | str) -> Content:
    """A reaction to the message with `key`; an empty emoji takes it back."""
    inner = {"key": key, "text": emoji, "senderTimestampMs": at_ms}
    return Content("reactionMessage", {"reactionMessage": inner})


def sent_context(at: int) -> JSONDict:
    """contextInfo of every 1:1 message that left through the API."""
    # Source: evolution-api 2.3.6, seen in every send.message of a conversation, quote or not.
    return {
        "mentionedJid": [],
        "groupMentions": [],
        "ephemeralSettingTimestamp": long(at - 172_800),
        "disappearingMode": {"initiator": 0},
    }


def vcard(full_name: str, phone: str, number: str) -> str:
    """A contact as the gateway writes it for sendContact."""
    return (
        f"BEGIN:VCARD\nVERSION:3.0\nN:{full_name}\nFN:{full_name}\n"
        f"item1.TEL;waid={number}:{phone}\nitem1.X-ABLabel:Celular\nEND:VCARD"
    )


def extension(mime: str) -> str:
    """The file name's ending the gateway gives to a MIME type, without the dot."""
    known = {
        "audio/ogg": "oga", "audio/mpeg": "mpga", "audio/mp4": "m4a", "audio/webm": "weba", "audio/wav": "wav",
        "image/jpeg": "jpeg", "image/png": "png", "image/webp": "webp", "video/mp4": "mp4", "application/pdf": "pdf",
    }  # fmt: skip
    return known.get(mime.split(";")[0].strip(), "bin")


def _media(file: bytes, mime: str, at: int) -> tuple[JSONDict, JSONDict]:
    """The fields before and after those that one kind of media adds, in the order in which they are seen."""
    # The address is an encrypted one of WhatsApp's: it cannot be read, here as there.
    path = f"/v/t62.7118-24/3EB0{secrets.token_hex(9).upper()}.enc"
    head: JSONDict = {
        "url": f"https://mmg.whatsapp.net{path}",
        "mimetype": mime,
        "fileSha256": hashlib.sha256(file).digest(),
        "fileLength": long(len(file), unsigned=True),
    }
    tail: JSONDict = {
        "mediaKey": secrets.token_bytes(32),
        "fileEncSha256": secrets.token_bytes(32),
        "directPath": path,
        "mediaKeyTimestamp": long(at),
    }
    return head, tail


def _caption(caption: str) -> JSONDict:
    return {"caption": caption} if caption else {}


def _size_of(file: bytes) -> tuple[int, int]:
    """Width and height of a PNG, in pixels; of anything else, a plausible pair."""
    if file[:8] == b"\x89PNG\r\n\x1a\n" and len(file) >= 24:
        width, height = struct.unpack(">II", file[16:24])
        return width, height
    return 640, 480


_THUMBNAIL = bytes.fromhex("ffd8ffdb004300100b0c0e0c0a100e0d0e1211101318281a181616183123251d283a333d3c3933ffd9")
