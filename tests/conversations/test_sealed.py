"""What is kept in the cache and what stands in addresses can be read by us alone."""

from __future__ import annotations

import pytest
from django.core.cache import cache
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from conversations import sealed
from conversations.jid import JID
from conversations.message import Key

MARIANA = Key("voice_sdr_v4", JID("5511999990001@s.whatsapp.net"))


@given(st.text())
def test_what_was_sealed_is_unsealed(text: str) -> None:
    assert sealed.unseal(sealed.seal(text)) == text


def test_sealing_hides_the_text_and_never_repeats_itself() -> None:
    one, other = sealed.seal("quero saber o preço"), sealed.seal("quero saber o preço")

    assert "preço" not in one
    assert one != other


@pytest.mark.parametrize("token", ["", "nothing of ours", "gAAAAA", "ção"])
def test_what_we_did_not_seal_is_not_unsealed(token: str) -> None:
    assert sealed.unseal(token) is None


def test_a_changed_secret_key_still_opens_what_the_old_one_sealed(settings: Settings) -> None:
    old = settings.SECRET_KEY
    token, name = sealed.seal("oi"), sealed.opaque_id(MARIANA)

    settings.SECRET_KEY = "another key, as long and as random as the first one was"
    assert sealed.unseal(token) is None
    assert sealed.from_opaque_id(MARIANA.instance, name) is None

    settings.SECRET_KEY_FALLBACKS = [old]
    assert sealed.unseal(token) == "oi"
    assert sealed.from_opaque_id(MARIANA.instance, name) == MARIANA


def test_the_cache_gives_back_what_was_put_until_it_is_dropped() -> None:
    sealed.put("draft:5511999990001", "Olá, Mariana", 60)

    assert sealed.get("draft:5511999990001") == "Olá, Mariana"

    sealed.drop("draft:5511999990001")
    assert sealed.get("draft:5511999990001") is None


def test_several_are_read_at_once_and_what_is_gone_is_left_out() -> None:
    sealed.put("one", "Olá", 60)
    sealed.put("two", "Oi", 60)
    sealed.drop("two")

    assert sealed.get_all(["one", "two", "three"]) == {"one": "Olá"}


def test_the_cache_holds_neither_the_text_nor_the_number() -> None:
    cache.clear()
    sealed.put("draft:5511999990001", "Olá, Mariana", 60)

    stored = repr({key: cache.get(key.split(":", 2)[2]) for key in cache._cache})  # type: ignore[attr-defined]  # locmem's own dict

    assert "sealed:" in stored
    assert "5511999990001" not in stored
    assert "Mariana" not in stored


def test_a_cache_that_cannot_be_reached_is_an_empty_cache(settings: Settings) -> None:
    settings.CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": "redis://127.0.0.1:9/0",
        }
    }

    sealed.put("draft", "Olá", 60)
    sealed.drop("draft")

    assert sealed.get("draft") is None
    assert sealed.get_all(["draft"]) == {}


@given(st.text(min_size=1), st.text(min_size=1))
def test_an_opaque_id_names_one_conversation(instance: str, conversation: str) -> None:
    key = Key(instance, JID(conversation))

    assert sealed.from_opaque_id(instance, sealed.opaque_id(key)) == key


def test_an_opaque_id_stays_the_same_and_holds_no_number() -> None:
    name = sealed.opaque_id(MARIANA)

    assert name == sealed.opaque_id(MARIANA)
    assert name.replace("-", "").replace("_", "").isalnum()
    assert "5511999990001" not in name


def test_an_opaque_id_is_worth_nothing_on_another_instance() -> None:
    assert sealed.from_opaque_id("another", sealed.opaque_id(MARIANA)) is None


@pytest.mark.parametrize("text", ["", "a", "AAAA", "ção", "../../etc", "=" * 8, "A" * 200, "A\n"])
def test_an_id_that_somebody_made_up_names_nothing(text: str) -> None:
    assert sealed.from_opaque_id(MARIANA.instance, text) is None


def test_a_changed_letter_is_noticed() -> None:
    name = sealed.opaque_id(MARIANA)
    for index, letter in enumerate(name):
        forged = name[:index] + ("A" if letter != "A" else "B") + name[index + 1 :]

        assert sealed.from_opaque_id(MARIANA.instance, forged) in (None, MARIANA)
        assert forged[:-1] == name[:-1] or sealed.from_opaque_id(MARIANA.instance, forged) is None
