"""Small files of our own for the demo and the tests: a drawing, a paper, a film, a sticker, a voice."""

from __future__ import annotations

from pathlib import Path

from . import content as contents
from .content import Content
from .leads import VOICE_NOTE, VOICE_SECONDS
from .qr import png

_PAGE = Path(__file__).parent / "page"
FILM_SECONDS = 2


def picture() -> bytes:
    """A drawn receipt: bars for lines of print, a ring for the tick."""

    def is_dark(x: int, y: int) -> bool:
        in_line = y > 52 and y % 10 < 4 and 10 < x < (70 if y % 20 < 10 else 52)
        radius = (x - 40) ** 2 + (y - 26) ** 2
        return in_line or 196 < radius < 256 or (abs((x - 36) + (y - 30)) < 2 and 28 < x < 37) or x in (2, 77)

    return png([[is_dark(x, y) for x in range(80)] for y in range(110)], 4)


def shelf() -> bytes:
    """A drawn shop: shelves with boxes."""
    return png([[y % 24 < 2 or (x % 16 < 11 and 8 < y % 24 < 22) for x in range(128)] for y in range(72)], 4)


def pdf(words: str) -> bytes:
    """A paper of one page with one line."""
    stream = f"BT /F1 18 Tf 60 760 Td ({words}) Tj ET".encode("latin-1")
    parts = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(stream), stream),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>",
    ]
    file, places = b"%PDF-1.4\n", []
    for number, part in enumerate(parts, 1):
        places.append(len(file))
        file += b"%d 0 obj%s endobj\n" % (number, part)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    ends = b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (len(parts) + 1, len(file))
    return file + b"xref\n0 %d\n0000000000 65535 f \n" % (len(parts) + 1) + table + ends


def photo(at: int, caption: str = "") -> Content:
    """A photo of the shop."""
    return contents.image(shelf(), "image/png", at=at, caption=caption)


def receipt(at: int) -> Content:
    """A photo of a receipt."""
    return contents.image(picture(), "image/png", at=at, caption="Segue o comprovante do Pix ✅")


def film(at: int, caption: str = "") -> Content:
    """A ball that rolls for two seconds."""
    file = (_PAGE / "film.mp4").read_bytes()
    return contents.video(file, "video/mp4", FILM_SECONDS, at=at, caption=caption)


def voice(at: int, words: str = "") -> Content:
    """A voice note; with its words as from a gateway that transcribes."""
    return contents.audio(VOICE_NOTE.read_bytes(), "audio/ogg; codecs=opus", VOICE_SECONDS, at=at, words=words)


def sticker(at: int) -> Content:
    """A face that smiles."""
    return contents.sticker((_PAGE / "sticker.webp").read_bytes(), at=at)


def paper(at: int) -> Content:
    """An offer."""
    return contents.document(pdf("Proposta comercial"), "application/pdf", "Proposta comercial.pdf", at=at)


def card(_at: int) -> Content:
    """A shared contact."""
    name = "Paulo (financeiro)"
    return contents.contact(name, contents.vcard(name, "+55 31 97702-0099", "5531977020099"))


def once(_at: int) -> Content:
    """A photo that can be opened once, on the phone."""
    return Content("viewOnceMessageV2", {"viewOnceMessageV2": {"message": {"imageMessage": {"viewOnce": True}}}})
