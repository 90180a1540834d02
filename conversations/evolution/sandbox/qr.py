"""A QR code as the gateway gives it: a PNG in a data: address."""

from __future__ import annotations

import base64
import struct
import zlib

import qrcode

_DOTS = 4


def image_of(code: str) -> str:
    """`code` as data:image/png;base64,…"""
    drawing = qrcode.QRCode(error_correction=qrcode.constants.ERROR_CORRECT_L, border=4)
    drawing.add_data(code)
    rows = [[bool(dot) for dot in row] for row in drawing.get_matrix()]
    return "data:image/png;base64," + base64.b64encode(png(rows, _DOTS)).decode()


def png(rows: list[list[bool]], scale: int) -> bytes:
    """A black and white PNG of `rows` (true is black), each dot `scale` pixels wide."""
    width = len(rows[0]) * scale
    lines = []
    for row in rows:
        pixels = bytes(0 if dot else 255 for dot in row for _ in range(scale))
        lines += [b"\x00" + pixels] * scale
    header = struct.pack(">IIBBBBB", width, len(rows) * scale, 8, 0, 0, 0, 0)
    data = zlib.compress(b"".join(lines))
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", data) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
