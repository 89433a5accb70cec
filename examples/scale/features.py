"""Features of batches of images by an exported file, as Spark and Ray call it; needs numpy, onnxruntime and Pillow.

The file is made by: npx s2 export --scales 1,2 --bytes -o s2.onnx
"""

import numpy
import onnxruntime
from PIL import Image, ImageOps


class Features:
    """Loads the file once and maps batches {"path": paths} to {"path", "error", "vector"}, a row for each image."""

    def __init__(self, file, threads=1):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        self.session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
        _, self.height, self.width, _ = self.session.get_inputs()[0].shape

    def __call__(self, batch):
        paths, errors, vectors = list(batch["path"]), [], []
        for path in paths:
            try:
                vectors.append(self.vector(path))
                errors.append(None)
            except OSError as error:  # an image that cannot be read must not end the job
                vectors.append(None)
                errors.append(str(error))
        rows = numpy.empty(len(paths), dtype=object)
        rows[:] = vectors
        return {"path": numpy.array(paths, dtype=object), "error": numpy.array(errors, dtype=object), "vector": rows}

    def vector(self, path):
        """Returns the [CLS] token, float32 [channels], as a list."""
        with Image.open(path) as image:
            upright = ImageOps.exif_transpose(image).convert("RGB")
        photo = upright.resize((self.width, self.height), Image.Resampling.BICUBIC)
        (features,) = self.session.run(["features"], {"pixels": numpy.asarray(photo)[None]})
        return features[0, 0].tolist()
