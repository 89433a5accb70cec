"""Makes test/fixtures/png: small PNGs of every kind that holds numbers, what they hold, and checksums of ../shared/data's masks and depth.

    python research/python/make-png-goldens.py        (needs numpy and Pillow)

Kinds that Pillow cannot write (2 and 4 bits of grey, Adam7) are written here after the specification (W3C PNG). Pillow reads all of them
back, and has the last word: palettes as indices, grey of fewer than 8 bits as it scales them. A checksum is the SHA-256 of all files of a
set, in the order of their paths, each as 16-bit little-endian numbers.
"""

import hashlib
import json
import struct
import zlib
from pathlib import Path

import numpy as np
from PIL import Image

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "test/fixtures/png"
DATA = ROOT / "../shared/data"
RANDOM = np.random.default_rng(4)
HEIGHT, WIDTH = 9, 13  # no multiple of 8: rows end within a byte, Adam7's passes are uneven
GREY, PALETTE = 0, 3
ADAM7 = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
SETS = {
    "camvid": "camvid/*/masks/*.png",
    "coco128": "coco128/masks/*/*.png",
    "osd objects": "depth/osd/*/labels/*.png",
    "osd depth": "depth/osd/*/depth/*.png",
    "rooms depth": "depth/rooms/depth/*.png",
}


def rows(values, bits):
    """Scanlines of one pass, each with filter 0."""
    lines = b""
    for line in values:
        if bits == 16:
            packed = line.astype(">u2").tobytes()
        else:
            digits = ((line[:, None] >> np.arange(bits - 1, -1, -1)) & 1).astype(np.uint8).ravel()
            packed = np.packbits(digits).tobytes()
        lines += b"\0" + packed
    return lines


def png(values, bits, colour, interlaced):
    def chunk(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    height, width = values.shape
    passes = [values[y::dy, x::dx] for x, y, dx, dy in ADAM7] if interlaced else [values]
    data = b"".join(rows(each, bits) for each in passes if each.size)
    colours = RANDOM.integers(0, 256, 3 * 2 ** min(bits, 8), dtype=np.uint8).tobytes()
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, interlaced))
        + (chunk(b"PLTE", colours) if colour == PALETTE else b"")
        + chunk(b"IDAT", zlib.compress(data))
        + chunk(b"IEND", b"")
    )


def read(path, bits, colour):
    values = np.array(Image.open(path)).astype(int)
    return values // (255 // (2**bits - 1)) if colour == GREY and 1 < bits < 8 else values


cases = []
FOLDER.mkdir(parents=True, exist_ok=True)
for colour, name in ((GREY, "grey"), (PALETTE, "palette")):
    for bits in (1, 2, 4, 8, 16) if colour == GREY else (1, 2, 4, 8):
        for interlaced in (0, 1):
            values = RANDOM.integers(0, 2**bits, (HEIGHT, WIDTH))
            file = f"{name}-{bits}{'-adam7' if interlaced else ''}.png"
            (FOLDER / file).write_bytes(png(values, bits, colour, interlaced))
            assert (read(FOLDER / file, bits, colour) == values).all(), file
            cases.append({"file": file, "bits": bits, "palette": colour == PALETTE, "interlaced": bool(interlaced), "values": values.ravel().tolist()})
# As Pillow writes them, with filters; smooth, so that all filters pay.
smooth = np.add.outer(np.arange(40) ** 2, 3 * np.arange(50)) % 200
for mode, array in (("P", smooth.astype(np.uint8)), ("I;16", (smooth * 257).astype(np.uint16))):
    image = Image.fromarray(array)
    if mode == "P":
        image.putpalette(bytes(range(256)) * 3)
    file = f"pillow-{array.itemsize * 8}.png"
    image.save(FOLDER / file)
    assert (np.array(Image.open(FOLDER / file)) == array).all() and Image.open(FOLDER / file).mode == mode
    cases.append({"file": file, "bits": array.itemsize * 8, "palette": mode == "P", "interlaced": False, "values": array.ravel().tolist()})
for mode in ("RGB", "LA"):
    Image.new(mode, (5, 4)).save(FOLDER / f"{mode.lower()}.png")

checksums = {}
for name, pattern in SETS.items():
    sha, files = hashlib.sha256(), sorted(DATA.glob(pattern), key=str)
    for path in files:
        sha.update(np.array(Image.open(path)).astype("<u2").tobytes())
    if files:
        checksums[name] = {"files": len(files), "sha256": sha.hexdigest()}
path = FOLDER / "goldens.json"
kept = json.loads(path.read_text())["checksums"] if path.exists() else {}
path.write_text(json.dumps({"size": [HEIGHT, WIDTH], "cases": cases, "checksums": {**kept, **checksums}}, separators=(",", ":")) + "\n")
print(len(cases), "files;", checksums)
