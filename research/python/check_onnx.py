"""Checks ONNX files with onnx.checker (shapes too) and runs them in Python's onnxruntime: what Python users do with a file of ours.

    python research/python/check_onnx.py FOLDER        (needs numpy, onnx and onnxruntime)

Each FOLDER/NAME.onnx is fed FOLDER/NAME.in (its first input, raw, of FOLDER/NAME.json's shape and type) and its first output is written
to FOLDER/NAME.out as float32.
"""

import json
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort

for path in sorted(Path(sys.argv[1]).glob("*.onnx")):
    onnx.checker.check_model(str(path), full_check=True)
    given = json.loads(path.with_suffix(".json").read_text())
    data = np.fromfile(path.with_suffix(".in"), given["type"]).reshape(given["shape"])
    session = ort.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    (features, *_) = session.run(None, {session.get_inputs()[0].name: data})
    features.astype(np.float32).tofile(path.with_suffix(".out"))
    print(path.stem, *features.shape)
