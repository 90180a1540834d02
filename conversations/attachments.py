"""What people attach to an answer: which files go out, as what, and how large. Pure; nothing here is ever kept."""

from __future__ import annotations

import mimetypes
import re
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Literal

#: What the gateway calls the kinds of files it sends.
FileKind = Literal["image", "video", "audio", "document"]

#: Bytes. Source: WhatsApp, "Supported media types": 16 MB for sound and films; what we read back has the same limit
#: (`evolution.client.LARGEST_MEDIA`), and a larger picture or document is spared the phone of a lead.
LARGEST_FILE = 16 * 1024 * 1024
#: Source: WhatsApp, "Supported media types" (Cloud API, 2025). Anything else travels as a document, unchanged.
_KINDS: dict[str, FileKind] = {
    "image/jpeg": "image", "image/png": "image", "image/webp": "image",
    "video/mp4": "video", "video/3gpp": "video",
    "audio/aac": "audio", "audio/amr": "audio", "audio/mpeg": "audio", "audio/mp4": "audio", "audio/ogg": "audio",
}  # fmt: skip
_ALIKE = {"audio/mp3": "audio/mpeg", "audio/x-m4a": "audio/mp4", "audio/m4a": "audio/mp4", "image/jpg": "image/jpeg"}
#: Programs: phones refuse to open them, and a lead who reports one costs the number.
_PROGRAMS = re.compile(r"\.(apk|app|bat|cmd|com|cpl|dll|exe|hta|jar|jse?|lnk|msi|pif|ps1|scr|sh|vb[es]?|wsf)$")
#: How the pictures that the gateway can turn into JPEG begin.
_PICTURES = re.compile(rb"\xff\xd8\xff|\x89PNG\r\n\x1a\n|RIFF....WEBP", re.DOTALL)
#: How sound begins, whatever a browser records: Ogg, WebM, MP4, MP3, AAC, WAV, FLAC, AMR, CAF. The gateway makes a
#: voice note of anything it is told is one.
_SOUNDS = re.compile(rb"OggS|\x1aE\xdf\xa3|....ftyp|ID3|\xff[\xe0-\xff]|RIFF....WAVE|fLaC|#!AMR|caff", re.DOTALL)
_LONGEST_NAME = 120


@dataclass(frozen=True, slots=True)
class File:
    """One file on its way to a lead."""

    data: bytes = field(repr=False)
    mime_type: str
    name: str
    kind: FileKind


def is_program(name: str) -> bool:
    """A file that WhatsApp does not deliver."""
    return _PROGRAMS.search(name.lower().strip()) is not None


def is_sound(start: bytes) -> bool:
    """What begins with these bytes, a dozen or more, can be heard."""
    return _SOUNDS.match(start) is not None


def file(data: bytes, name: str, mime_type: str) -> File:
    """The file as WhatsApp takes it: shown as what it is, or, when in doubt, as a document."""
    name = _named(name)
    told = mime_type.partition(";")[0].strip().lower()
    told = _ALIKE.get(told, told) or mimetypes.guess_type(name)[0] or "application/octet-stream"
    kind = _KINDS.get(told, "document")
    if kind == "image" and not _PICTURES.match(data):
        kind = "document"
    return File(data, told, name, kind)


def _named(name: str) -> str:
    """Without folders and control characters, and not too long; the ending stays."""
    clean = "".join(c for c in name.replace("\\", "/").rpartition("/")[2] if c.isprintable()).strip() or "arquivo"
    ending = PurePath(clean).suffix[:12]
    return clean if len(clean) <= _LONGEST_NAME else clean[: _LONGEST_NAME - len(ending)] + ending
