"""WhatsApp's marks as HTML: *bold*, _italic_, ~struck~, `code`, ```mono```, lists, > quotes, links.

The text is a stranger's. Everything of it is escaped; the tags are those of `TAGS` and come from here alone. Marks that
do not close are text. Each pattern passes over the text once: no length or nesting of marks makes it slow.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe

#: All that ever comes out.
TAGS = frozenset({"strong", "em", "s", "code", "pre", "blockquote", "ul", "ol", "li", "a"})

_OPENS = {")": "(", "]": "["}
_LINK = r"https?://[^\s<>\"'`\\^{|}\u200b-\u200f\u202a-\u202e\u2066-\u2069\ue000]+"
_FENCE = re.compile(r"```(?!`)(.+?)```", re.DOTALL)
#: Stands for what is not to be looked into: a link, a piece of code, or a stranger's own character of this kind.
_ATOM = "\ue000"
_ATOMS = re.compile(rf"`([^`\n]+)`|({_LINK})|{_ATOM}", re.IGNORECASE)
_STYLES = {"*": "strong", "_": "em", "~": "s"}
#: A mark opens before and closes after a word, not inside one: snake_case and 2*3*4 are left alone.
_PAIRS = "|".join(rf"{re.escape(mark)}(?=\S)([^{mark}\n]+)(?<=\S){re.escape(mark)}" for mark in _STYLES)
_STYLE = re.compile(rf"(?<![^\W_])(?:{_PAIRS})(?![^\W_])")
_BULLET = re.compile(r"[-*] (?=\S)")
_NUMBER = re.compile(r"(\d{1,3})\. (?=\S)")
_QUOTED = re.compile(r"> ?(?=\S)")


def formatted(text: str) -> SafeString:
    """`text` as WhatsApp shows it."""
    parts: list[str] = []
    for number, piece in enumerate(_FENCE.split(text)):
        if number % 2:
            parts.append(_mono(piece))
        else:
            parts += _blocks(_between(piece, is_after=number > 0 and parts[-1].endswith("</pre>")))
    # Every part was escaped, or made by format_html.
    return mark_safe("".join(parts))


def _mono(words: str) -> str:
    if "\n" not in words:
        return format_html("<code>{}</code>", words)
    return format_html("<pre>{}</pre>", words.strip("\n"))


def _between(piece: str, *, is_after: bool) -> str:
    """Without the line break that a block before it makes anyway."""
    return piece[1:] if is_after and piece.startswith("\n") else piece


# ------------------------------------------------------------------------------------------------------------ lines


def _blocks(piece: str) -> list[str]:
    """The lines of `piece`; those that belong together as one list or quote."""
    blocks: list[str] = []
    plain: list[str] = []
    lines = piece.split("\n")
    while lines:
        made = _list(lines, _BULLET, "ul") or _list(lines, _NUMBER, "ol") or _quotation(lines)
        if not made:
            plain.append(_inline(lines.pop(0)))
            continue
        blocks += ["\n".join(plain), made] if plain else [made]
        plain = []
    return [*blocks, "\n".join(plain)] if plain else blocks


def _taken(lines: list[str], mark: re.Pattern[str]) -> list[tuple[re.Match[str], str]]:
    """The lines at the head of `lines` that begin with `mark`, taken from it."""
    taken = []
    while lines and (found := mark.match(lines[0])):
        taken.append((found, lines.pop(0)[found.end() :]))
    return taken


def _list(lines: list[str], mark: re.Pattern[str], tag: str) -> str:
    items = _taken(lines, mark)
    if not items:
        return ""
    start = f' start="{int(items[0][0][1])}"' if tag == "ol" else ""
    return f"<{tag}{start}>" + "".join(f"<li>{_inline(words)}</li>" for _, words in items) + f"</{tag}>"


def _quotation(lines: list[str]) -> str:
    quoted = _taken(lines, _QUOTED)
    return "<blockquote>" + "\n".join(_inline(words) for _, words in quoted) + "</blockquote>" if quoted else ""


# ------------------------------------------------------------------------------------------------------ within a line


def _inline(line: str) -> str:
    atoms: list[str] = []
    held = _ATOMS.sub(lambda found: _hold(found, atoms), line)
    return _released(_styled(held, "*_~"), iter(atoms))


def _styled(words: str, marks: str) -> str:
    """`words` escaped, with the styles of `marks`; a style holds no other of its own kind."""
    parts: list[str] = []
    end = 0
    for found in _STYLE.finditer(words) if marks else ():
        mark = found[0][0]
        if mark not in marks:
            continue
        parts.append(escape(words[end : found.start()]))
        parts.append(f"<{_STYLES[mark]}>{_styled(found[0][1:-1], marks.replace(mark, ''))}</{_STYLES[mark]}>")
        end = found.end()
    parts.append(escape(words[end:]))
    return "".join(parts)


def _hold(found: re.Match[str], atoms: list[str]) -> str:
    """Put what was found among the atoms, and its stand-in into the text, with what does not belong to it."""
    atom, rest = (_ATOM, "") if found[0] == _ATOM else _atom(found)
    atoms.append(atom)
    return _ATOM + rest


def _released(html: str, atoms: Iterator[str]) -> str:
    return re.sub(_ATOM, lambda _found: next(atoms), html)


def _atom(found: re.Match[str]) -> tuple[str, str]:
    return (format_html("<code>{}</code>", found[1]), "") if found[1] else _address(found)


def _address(found: re.Match[str]) -> tuple[str, str]:
    address = _without_trailing(found[0])
    link = format_html('<a href="{0}" target="_blank" rel="noopener noreferrer nofollow ugc">{0}</a>', address)
    return link, found[0][len(address) :]


def _without_trailing(address: str) -> str:
    """Without the punctuation of the sentence around it; a closing bracket stays when it was opened inside."""
    while address[-1] in ".,;:!?*_~…" or (
        address[-1] in _OPENS and address.count(_OPENS[address[-1]]) < address.count(address[-1])
    ):
        address = address[:-1]
    return address


# ------------------------------------------------------------------------------------------------------------ emoji

_EMOJI = (
    "\U0001f000-\U0001faff\u2600-\u27bf\u2b00-\u2bff\u2300-\u23ff\u2190-\u21ff\u200d\ufe0f\u20e3\u3030\u303d"
    "\U000e0020-\U000e007f"
)
_ONLY_EMOJI = re.compile(rf"[{_EMOJI}\s]{{1,24}}")


def is_only_emoji(text: str) -> bool:
    """A few emoji and nothing else, which is shown larger."""
    return bool(text.strip() and _ONLY_EMOJI.fullmatch(text))
