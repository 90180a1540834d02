"""What both SDKs have to be told about the server and the request, in the one form both take. Pure."""

from __future__ import annotations

import re
from ipaddress import ip_address
from urllib.parse import urlsplit

from bot.llm.port import Blob

#: Where Gemini's REST API lives.
GOOGLE = "https://generativelanguage.googleapis.com"


def without_version(base_url: str) -> str:
    """`base_url` without a closing "/" or "/v1beta": people copy it from Google's pages, the SDKs add it themselves."""
    return re.sub(r"(?:/v1(?:beta|alpha)?)?/*\Z", "", base_url.strip())


def is_loopback(base_url: str) -> bool:
    """True when `base_url` is on this machine."""
    host = urlsplit(base_url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def model_path(model: str) -> str:
    """ "models/gemini-2.5-flash" for "gemini-2.5-flash"; a name with its collection is left alone."""
    return model if "/" in model else f"models/{model}"


def mime_type(blob: Blob) -> str:
    """Gemini's name for the blob's type: no parameters. WhatsApp writes "audio/ogg; codecs=opus"."""
    # Source: ai.google.dev/gemini-api/docs/audio, "Supported audio formats": audio/ogg.
    return blob.mime_type.partition(";")[0].strip().lower()
