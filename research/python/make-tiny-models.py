"""Makes test/runtimes/models/*.onnx: vision models of a few kB, each with one thing that a loader must notice.

    python research/python/make-tiny-models.py        (needs numpy and onnx)

All cut the image into patches of 8 by a convolution to 4 channels. Tokens are [mean of all, patch, patch, ...]: one prefix token.
"""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

FOLDER = Path(__file__).parents[2] / "test/runtimes/models"
PATCH, CHANNELS = 8, 4
RANDOM = np.random.default_rng(7)
KERNEL = (RANDOM.standard_normal((CHANNELS, 3, PATCH, PATCH)) / 14).astype(np.float32)
POSITIONS = RANDOM.standard_normal((1, 17, CHANNELS)).astype(np.float32)


def value(name, shape, kind=TensorProto.FLOAT):
    return helper.make_tensor_value_info(name, kind, shape)


def node(kind, inputs, output, **attributes):
    return helper.make_node(kind, inputs, [output], **attributes)


def tokens(output):
    """[b, 3, h, w] -> [b, 1 + h / 8 * w / 8, 4]"""
    return [
        node("Conv", ["pixel_values", "kernel"], "map", strides=[PATCH, PATCH]),
        node("Reshape", ["map", "flat"], "rows"),
        node("Transpose", ["rows"], "patches", perm=[0, 2, 1]),
        node("ReduceMean", ["patches"], "mean", axes=[1], keepdims=1),
        node("Concat", ["mean", "patches"], output, axis=1),
    ]


def save(name, nodes, inputs, outputs):
    used = {each for one in nodes for each in one.input}
    constants = {"kernel": KERNEL, "flat": np.array([0, CHANNELS, -1], np.int64), "positions": POSITIONS}
    weights = [numpy_helper.from_array(array, key) for key, array in constants.items() if key in used]
    graph = helper.make_graph(nodes, name, inputs, outputs, weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8, producer_name="make-tiny-models.py")
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, FOLDER / f"{name}.onnx")


FOLDER.mkdir(parents=True, exist_ok=True)
image = [value("pixel_values", ["batch", 3, 32, 32])]
anysize = [value("pixel_values", ["batch", 3, "height", "width"])]
hidden = "last_hidden_state"

save("plain", tokens(hidden), image, [value(hidden, ["batch", 17, CHANNELS])])
save("fixed-batch", tokens(hidden), [value("pixel_values", [4, 3, 32, 32])], [value(hidden, [4, 17, CHANNELS])])
save("any-size", tokens(hidden), anysize, [value(hidden, ["batch", "tokens", CHANNELS])])
# Height and width are declared symbolic, but the position embedding was traced at 32 x 32.
save("baked-size", [*tokens("raw"), node("Add", ["raw", "positions"], hidden)], anysize, [value(hidden, ["batch", "tokens", CHANNELS])])
# Positions are cut to the number of tokens: smaller images run, larger ones do not.
cut = [*tokens("raw"), node("Shape", ["raw"], "count", start=1, end=2), node("Sub", ["count", "count"], "zero")]
cut += [node("Add", ["zero", "zero"], "begin"), node("Constant", [], "axis", value=numpy_helper.from_array(np.array([1], np.int64)))]
cut += [node("Slice", ["positions", "begin", "count", "axis"], "cut"), node("Add", ["raw", "cut"], hidden)]
save("cut-positions", cut, anysize, [value(hidden, ["batch", "tokens", CHANNELS])])

maps = [node("Conv", ["pixel_values", "kernel"], "feature_map", strides=[PATCH, PATCH])]
save("maps", maps, image, [value("feature_map", ["batch", CHANNELS, 4, 4])])

two = [*tokens("first"), node("Neg", ["first"], "second"), node("Shape", ["first"], "shape")]
two += [node("Cast", ["first"], "coarse", to=TensorProto.FLOAT16)]
pair = [value("first", ["batch", 17, CHANNELS]), value("second", ["batch", 17, CHANNELS])]
save("two-outputs", two, image, [*pair, value("shape", [3], TensorProto.INT64), value("coarse", ["batch", 17, CHANNELS], TensorProto.FLOAT16)])

text = [*tokens("raw"), node("Cast", ["input_ids"], "ids", to=TensorProto.FLOAT), node("ReduceSum", ["ids"], "sum", keepdims=0)]
text += [node("Add", ["raw", "sum"], hidden)]
save("with-text", text, [*image, value("input_ids", ["batch", "sequence"], TensorProto.INT64)], [value(hidden, ["batch", 17, CHANNELS])])
