"""An exported file in Python: python examples/exported/run.py FILE.onnx PHOTO prints the features' dims and first numbers.

The file is made by: s2 export --model models/s2-tiny --scales 1,2 --bytes -o FILE.onnx
"""

import sys

import numpy
import onnxruntime
from PIL import Image, ImageOps

session = onnxruntime.InferenceSession(sys.argv[1])
_, height, width, _ = session.get_inputs()[0].shape
photo = ImageOps.exif_transpose(Image.open(sys.argv[2])).convert("RGB").resize((width, height), Image.Resampling.BICUBIC)
(features,) = session.run(["features"], {"pixels": numpy.asarray(photo)[None]})
print(list(features.shape), *(f"{value:.2f}" for value in features.ravel()[:3]))
