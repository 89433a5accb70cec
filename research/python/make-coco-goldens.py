"""Makes test/fixtures/coco/masks.json: the masks that pycocotools draws from polygons and run lengths.

    python research/python/make-coco-goldens.py        (needs pycocotools 2.0.11)
"""

import json
import random
from pathlib import Path

from pycocotools import mask as coco

FILE = Path(__file__).parents[2] / "test/fixtures/coco/masks.json"
RANDOM = random.Random(7)

# Whole and half pixels, edges of the image, points outside of it, repeated points, lines without an area, crossings.
DRAWN = [
    [1, 1, 5, 1, 5, 4, 1, 4],
    [0, 0, 9, 0, 9, 7, 0, 7],
    [0.5, 0.5, 3.5, 0.5, 3.5, 2.5, 0.5, 2.5],
    [2, 2, 2, 2, 6, 2, 6, 5, 2, 5, 2, 2],
    [-3, -2, 4.3, -1.7, 12, 3, 3.2, 9.5],
    [1, 1, 8, 1, 1, 1],
    [1, 1, 8, 6, 8, 1, 1, 6],
    [4.499, 3.501, 4.5, 3.5, 4.501, 3.499],
    [8.9, 6.9, 9, 6.9, 9, 7, 8.9, 7],
]


def polygons():
    for points in DRAWN:
        yield 7, 9, [points]
    for _ in range(60):
        height, width = RANDOM.randint(1, 24), RANDOM.randint(1, 24)
        digits = RANDOM.choice([0, 1, 2, 6])
        parts = [
            [
                round(RANDOM.uniform(-0.2, 1.2) * (width, height)[i % 2], digits)
                for i in range(2 * RANDOM.randint(3, 9))
            ]
            for _ in range(RANDOM.choice([1, 1, 1, 2, 3]))
        ]
        yield height, width, parts


def counts_of(mask):
    """Run lengths in columns, zeros first."""
    bits = mask.flatten(order="F").tolist()
    counts, value = [0], 0
    for bit in bits:
        if bit != value:
            counts.append(0)
            value = bit
        counts[-1] += 1
    return counts


def main():
    cases = []
    for height, width, parts in polygons():
        rle = coco.merge(coco.frPyObjects(parts, height, width))
        counts = counts_of(coco.decode(rle))
        again = coco.frPyObjects({"size": [height, width], "counts": counts}, height, width)
        assert coco.decode(again).tolist() == coco.decode(rle).tolist()
        cases.append({"size": [height, width], "polygons": parts, "counts": counts, "string": again["counts"].decode()})
    long = [0, 1, 40000, 3, 2, 39994]  # runs of several digits, and differences below zero
    rle = coco.frPyObjects({"size": [400, 200], "counts": long}, 400, 200)
    cases.append({"size": [400, 200], "polygons": None, "counts": long, "string": rle["counts"].decode()})
    FILE.write_text("[\n" + ",\n".join(json.dumps(case) for case in cases) + "\n]\n")


main()
