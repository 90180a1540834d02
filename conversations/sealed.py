"""What must not lie about in the open: text kept for a while in the cache, and conversations named in addresses.

All keys come from SECRET_KEY; what was sealed with a key of SECRET_KEY_FALLBACKS is still opened.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import logging
from collections.abc import Iterable, Sequence
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.core.cache import cache

from conversations.jid import JID
from conversations.message import Key

log = logging.getLogger(__name__)


def seal(text: str) -> str:
    """`text`, encrypted and authenticated."""
    return _boxes().encrypt(text.encode()).decode()


def unseal(token: str) -> str | None:
    """What was sealed; None for anything that was not sealed here."""
    try:
        return _boxes().decrypt(token.encode()).decode()
    except InvalidToken:
        return None


# ------------------------------------------------------------------------------------------------------- the cache


def put(name: str, text: str, lifetime_s: float) -> None:
    """Keep `text` sealed under `name` for `lifetime_s`. A cache out of reach keeps nothing, quietly."""
    try:
        cache.set(_place(name), seal(text), lifetime_s)
    except Exception as error:  # Django's caches share no error class
        log.warning("the cache kept nothing: %s", type(error).__name__)


def get(name: str) -> str | None:
    """What was put under `name`; None when it is gone, expired, or the cache cannot be reached."""
    try:
        token = cache.get(_place(name))
    except Exception as error:
        log.warning("the cache cannot be read: %s", type(error).__name__)
        return None
    return unseal(token) if isinstance(token, str) else None


def get_all(names: Iterable[str]) -> dict[str, str]:
    """What was put under each of `names`, where there is something; one look at the cache for all."""
    places = {_place(name): name for name in names}
    try:
        found = cache.get_many(places)
    except Exception as error:
        log.warning("the cache cannot be read: %s", type(error).__name__)
        return {}
    texts = {places[place]: unseal(token) for place, token in found.items() if isinstance(token, str)}
    return {name: text for name, text in texts.items() if text is not None}


def drop(name: str) -> None:
    """Forget what was put under `name`."""
    try:
        cache.delete(_place(name))
    except Exception as error:
        log.warning("the cache forgot nothing: %s", type(error).__name__)


def _place(name: str) -> str:
    """The cache key of `name`, a keyed hash: names hold phone numbers, and nobody shall try them all."""
    key = _derived(settings.SECRET_KEY, "cache keys", 32)
    return "sealed:" + hmac.new(key, name.encode(), hashlib.sha256).hexdigest()


# ----------------------------------------------------------------------------------------------------- fingerprints


def fingerprints(purpose: str, text: str) -> list[str]:
    """`text` as keyed hashes, 64 hex digits each: with the key that hashes, then with those that once did."""
    keys = [_derived(secret, purpose, 32) for secret in _secrets()]
    return [hmac.new(key, text.encode(), hashlib.sha256).hexdigest() for key in keys]


# ------------------------------------------------------------------------------------------------ names in addresses


def opaque_id(key: Key) -> str:
    """The conversation's name in addresses: always the same, readable to nobody without SECRET_KEY."""
    return _opaque_id(settings.SECRET_KEY, key)


@lru_cache(maxsize=20_000)
def _opaque_id(secret: str, key: Key) -> str:
    # A list names each of its conversations several times.
    sealed = AESSIV(_derived(secret, "conversation ids", 64)).encrypt(
        key.conversation.encode(), [key.instance.encode()]
    )
    return base64.urlsafe_b64encode(sealed).rstrip(b"=").decode()


def from_opaque_id(instance: str, text: str) -> Key | None:
    """The conversation of `instance` that `text` names; None for what `opaque_id` did not make for it."""
    try:
        sealed = base64.b64decode(text.encode() + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, UnicodeEncodeError):
        return None
    for secret in _secrets():
        try:
            conversation = AESSIV(_derived(secret, "conversation ids", 64)).decrypt(sealed, [instance.encode()])
        except (InvalidTag, ValueError):
            continue
        return Key(instance, JID(conversation.decode()))
    return None


# ------------------------------------------------------------------------------------------------------------- keys


def _secrets() -> Sequence[str]:
    """The key that seals, then those that may still open."""
    return (settings.SECRET_KEY, *map(str, settings.SECRET_KEY_FALLBACKS))


def _boxes() -> MultiFernet:
    return MultiFernet([_box(secret) for secret in _secrets()])


@lru_cache(maxsize=8)
def _box(secret: str) -> Fernet:
    return Fernet(base64.urlsafe_b64encode(_derived(secret, "text", 32)))


@lru_cache(maxsize=32)
def _derived(secret: str, purpose: str, length: int) -> bytes:
    """`length` bytes of key for one purpose; SECRET_KEY is long and random, so it needs no slow hash."""
    return HKDF(SHA256(), length, salt=None, info=f"voice-sdr {purpose}".encode()).derive(secret.encode())
