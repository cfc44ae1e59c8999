"""Small pictures that people of the demo attach: drawn here, so that the repository holds none."""

import struct
import zlib
from collections.abc import Sequence

_WHITE, _INK, _AXIS = b"\xff\xff\xff", b"\x2b\x6c\xb0", b"\x55\x55\x55"
_BAR, _HEIGHT, _MARGIN = 12, 200, 10


def histogram(values: Sequence[int]) -> bytes:
    """Return a PNG with one bar a value; values are heights in pixels, up to 180."""
    width = 2 * _MARGIN + len(values) * _BAR
    rows = []
    for y in range(_HEIGHT):
        above = _HEIGHT - _MARGIN - y
        row = bytearray(_WHITE * width)
        if above == 0:
            row[3 * _MARGIN : 3 * (width - _MARGIN)] = _AXIS * (width - 2 * _MARGIN)
        for i, value in enumerate(values):
            if 0 < above <= value:
                left = 3 * (_MARGIN + i * _BAR)
                row[left : left + 3 * (_BAR - 2)] = _INK * (_BAR - 2)
        rows.append(b"\x00" + bytes(row))
    header = struct.pack(">IIBBBBB", width, _HEIGHT, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", header)
        + _chunk(b"IDAT", zlib.compress(b"".join(rows), 9))
        + _chunk(b"IEND", b"")
    )


def _chunk(kind: bytes, data: bytes) -> bytes:
    checksum = zlib.crc32(kind + data)
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", checksum)
