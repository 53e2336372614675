#!/usr/bin/env python3
"""Draws icon.png: who sees whom in a language model, each token those before it and itself. Needs nothing but Python."""
import os
import struct
import zlib

SIZE, FINE = 128, 4
NIGHT, GOLD, NEAR, FAR = (43, 29, 82), (255, 209, 102), (150, 132, 255), (92, 74, 176)


def inside(x, y, left, top, side, radius):
    """Whether a point lies in a square with round corners."""
    dx = max(left + radius - x, x - (left + side - radius), 0)
    dy = max(top + radius - y, y - (top + side - radius), 0)
    return left <= x <= left + side and top <= y <= top + side and dx * dx + dy * dy <= radius * radius


def colour(x, y):
    if not inside(x, y, 0, 0, SIZE, 26):
        return None
    for row in range(4):
        for column in range(row + 1):
            if inside(x, y, 19 + 23 * column, 19 + 23 * row, 20, 5):
                share = (row - column - 1) / 2
                return GOLD if row == column else tuple(round(n + (f - n) * share) for n, f in zip(NEAR, FAR))
    return NIGHT


def pixel(column, row):
    """The mean of the points in a pixel; what is outside counts for its transparency alone."""
    points = [colour(column + (i + 0.5) / FINE, row + (j + 0.5) / FINE) for i in range(FINE) for j in range(FINE)]
    seen = [p for p in points if p]
    mean = [round(sum(p[c] for p in seen) / len(seen)) for c in range(3)] if seen else [0, 0, 0]
    return bytes([*mean, round(255 * len(seen) / len(points))])


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


rows = b"".join(b"\0" + b"".join(pixel(x, y) for x in range(SIZE)) for y in range(SIZE))
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "icon.png"), "wb") as file:
    file.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", SIZE, SIZE, 8, 6, 0, 0, 0))
               + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b""))
