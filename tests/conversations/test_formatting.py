"""WhatsApp's marks: shown as on the phone, and never a tag or an attribute that a stranger wrote."""

from __future__ import annotations

import time
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversations.formatting import TAGS, formatted, is_only_emoji

LINK = '<a href="https://a.example" target="_blank" rel="noopener noreferrer nofollow ugc">https://a.example</a>'


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("*forte* e _leve_ e ~fora~", "<strong>forte</strong> e <em>leve</em> e <s>fora</s>"),
        ("*forte e _leve_*", "<strong>forte e <em>leve</em></strong>"),
        ("_*~tudo~*_", "<em><strong><s>tudo</s></strong></em>"),
        ("`x *y*` e ```z _w_```", "<code>x *y*</code> e <code>z _w_</code>"),
        ("antes\n```um\n  dois```\ndepois", "antes\n<pre>um\n  dois</pre>depois"),
        ("- um\n* dois\nfim", "<ul><li>um</li><li>dois</li></ul>fim"),
        ("3. três\n4. *quatro*", '<ol start="3"><li>três</li><li><strong>quatro</strong></li></ol>'),
        ("> dito\n> assim\ne eu", "<blockquote>dito\nassim</blockquote>e eu"),
        ("*veja https://a.example*", f"<strong>veja {LINK}</strong>"),
        ("(*sim*!)", "(<strong>sim</strong>!)"),
    ],
)
def test_marks_are_shown_as_on_the_phone(text: str, html: str) -> None:
    assert formatted(text) == html


@pytest.mark.parametrize(
    "text", ["2*3*4", "a_b_c", "*forte *", "*", "**", "``", "```", "*um\ndois*", "1.um", "-um", ">", "R$ 1.000"]
)
def test_what_is_no_mark_is_text(text: str) -> None:
    assert formatted(text).replace("&gt;", ">") == text


def test_an_address_keeps_its_marks() -> None:
    assert 'href="https://a.example/_x_/~y"' in formatted("https://a.example/_x_/~y")


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("veja https://a.example/x.", "https://a.example/x"),
        ("(https://a.example/x)", "https://a.example/x"),
        ("https://a.example/x_(y) e", "https://a.example/x_(y)"),
        ("HTTP://a.example?a=1&b=2!", "HTTP://a.example?a=1&amp;b=2"),
        ('https://a.example/"onmouseover="x', "https://a.example/"),
        ("*https://a.example*", "https://a.example"),
    ],
)
def test_addresses_become_links(text: str, address: str) -> None:
    assert f'<a href="{address}" target="_blank" rel="noopener noreferrer nofollow ugc">{address}</a>' in formatted(
        text
    )


@pytest.mark.parametrize(
    "text", ["javascript:alert(1)", "data:text/html,x", "www.a.example", "a.example", "ftp://a.example", "https://"]
)
def test_nothing_else_becomes_one(text: str) -> None:
    assert "<a" not in formatted(text)


def test_an_address_cannot_hide_what_it_is_by_turning_the_text_around() -> None:
    assert 'href="https://a.example/"' in formatted("https://a.example/\u202egpj.exe")


class _Reader(HTMLParser):
    """What a browser makes of it: tags, attributes, text."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: set[str] = set()
        self.attributes: set[tuple[str, str]] = set()
        self.open: list[str] = []
        self.words = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.open.append(tag)
        self.attributes |= {(tag, name) for name, _ in attrs}
        for name, value in attrs:
            assert name != "href" or (value or "").lower().startswith(("http://", "https://"))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words += data


MARKS = st.sampled_from("*_~`>-12. \n\ue000<&\"'/=ah😀\u202e")
PIECES = st.sampled_from(["```", "https://a.b/", "<script>", "onerror=", "javascript:", "\n- ", "\n1. ", "\n> ", "*a*"])


@given(st.lists(MARKS | PIECES | st.characters(), max_size=60).map("".join))
def test_whatever_is_written_no_other_tag_comes_out_and_no_word_is_lost(text: str) -> None:
    read = _Reader(formatted(text))

    assert read.tags <= TAGS
    assert read.attributes <= {("a", "href"), ("a", "target"), ("a", "rel"), ("ol", "start")}
    assert read.open == []
    dropped = str.maketrans("", "", "*_~`>-0123456789. \n\r")
    assert read.words.translate(dropped) == text.translate(dropped)


@pytest.mark.parametrize("piece", ["*a ", "_", "*", "`", "```", "~a_b*", "> ", "- ", "(https://", "*_~a", "\ue000"])
def test_the_longest_message_is_not_slow(piece: str) -> None:
    text = piece * (65_536 // len(piece))
    began = time.process_time()

    formatted(text)

    assert time.process_time() - began < 2


@pytest.mark.parametrize(
    ("text", "is_one"),
    [("😀", True), ("👍🏽 ❤️", True), ("🇧🇷", True), ("ok 😀", False), ("", False), (" ", False), ("1", False)],
)
def test_a_few_emoji_alone_are_known(text: str, is_one: bool) -> None:
    assert is_only_emoji(text) is is_one
