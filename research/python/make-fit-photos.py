"""Makes test/features/fit-photos.json: photos as squares, as LLaVA's and VILA's code and transformers' processors make them before normalising.

    python research/python/make-fit-photos.py        (needs Pillow and numpy)

"crop": transformers' CLIPImageProcessor (resize to shortest_edge, center_crop); "squash": SiglipImageProcessor; "pad": LLaVA's
expand2square on int(mean * 255), then CLIPImageProcessor. The steps are written out here as those sources have them, on Pillow.
"""

import base64
import json
from pathlib import Path

import numpy as np
from PIL import Image

MEAN = (0.48145466, 0.4578275, 0.40821073)


def draw(width, height):
    """Noise over a ramp; the test draws the same."""
    i = np.arange(width * height * 3, dtype=np.uint64)
    noise = (i * np.uint64(2654435761) % np.uint64(2**32)) >> np.uint64(25)
    return Image.fromarray((noise + i * np.uint64(128) // np.uint64(i.size)).astype(np.uint8).reshape(height, width, 3))


def shortest_edge(image, side):
    width, height = image.size
    short, long = (width, height) if width <= height else (height, width)
    new_short, new_long = side, int(side * long / short)
    return image.resize((new_short, new_long) if width <= height else (new_long, new_short), Image.BICUBIC)


def center_crop(image, side):
    pixels = np.asarray(image)
    top, left = (pixels.shape[0] - side) // 2, (pixels.shape[1] - side) // 2
    return pixels[top : top + side, left : left + side]


def expand2square(image, colour):
    width, height = image.size
    if width == height:
        return image
    side = max(width, height)
    result = Image.new(image.mode, (side, side), colour)
    result.paste(image, (0, (width - height) // 2) if width > height else ((height - width) // 2, 0))
    return result


FITS = {
    "crop": lambda image, side: center_crop(shortest_edge(image, side), side),
    "squash": lambda image, side: np.asarray(image.resize((side, side), Image.BICUBIC)),
    "pad": lambda image, side: center_crop(
        shortest_edge(expand2square(image, tuple(int(x * 255) for x in MEAN)), side), side
    ),
}

cases = []
for width, height, side in [(50, 31, 16), (31, 50, 16), (40, 40, 16), (13, 9, 16), (47, 46, 15), (200, 9, 12)]:
    for fit, make in FITS.items():
        data = base64.b64encode(np.ascontiguousarray(make(draw(width, height), side)).tobytes()).decode()
        cases.append({"width": width, "height": height, "side": side, "fit": fit, "data": data})
out = Path(__file__).parents[2] / "test/features/fit-photos.json"
out.write_text(json.dumps({"mean": MEAN, "cases": cases}, indent=1) + "\n")
