"""Makes test/onnx/torch-models/*.onnx: tiny models with random weights as torch's two exporters and onnxruntime's tools write them.

    python research/python/make-torch-models.py        (needs torch, onnx, onnxscript and onnxruntime)

"ts" is the older TorchScript exporter, "dynamo" the newer one; the number is the operator set. Images are 32x32, patches 8x8.
"""

import logging
import shutil
import sys
import tempfile
import warnings
from pathlib import Path

import onnx
import onnxruntime as ort
import torch
import torch.nn.functional as F
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.quantization.matmul_nbits_quantizer import MatMulNBitsQuantizer
from onnxruntime.transformers import float16, optimizer
from onnxscript import FLOAT, script
from onnxscript import opset18 as op
from onnxscript.values import Opset
from torch import nn

warnings.filterwarnings("ignore")
logging.disable(logging.WARNING)
OUT = Path(__file__).parents[2] / "test/onnx/torch-models"
SIDE, PATCH, WIDTH, HEADS = 32, 8, 12, 2


class Block(nn.Module):
    """A ViT's block, with attention as torch's one call or written out as older model files have it."""

    def __init__(self, width, fused):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.query, self.key, self.value, self.proj = (nn.Linear(width, width) for _ in range(4))
        self.fc1, self.fc2, self.fused = nn.Linear(width, 4 * width), nn.Linear(4 * width, width), fused

    def forward(self, x):
        b, n, c = x.shape
        y = self.norm1(x)
        q, k, v = (part(y).view(b, n, HEADS, c // HEADS).transpose(1, 2) for part in (self.query, self.key, self.value))
        if self.fused:
            mixed = F.scaled_dot_product_attention(q, k, v)
        else:
            mixed = ((q @ k.transpose(-1, -2)) / (c // HEADS) ** 0.5).softmax(-1) @ v
        x = x + self.proj(mixed.permute(0, 2, 1, 3).reshape(b, n, c))
        return x + self.fc2(F.gelu(self.fc1(self.norm2(x))))


class ViT(nn.Module):
    """One prefix token; `any_size` interpolates the positions as DINOv2 does, `squeezed` takes an axis away as old code does."""

    def __init__(self, depth=1, fused=False, any_size=False, squeezed=False, width=WIDTH):
        super().__init__()
        self.patches = nn.Conv2d(3, width, PATCH, PATCH)
        self.cls = nn.Parameter(torch.randn(1, 1, width) * 0.1)
        self.positions = nn.Parameter(torch.randn(1, 1 + (SIDE // PATCH) ** 2, width) * 0.1)
        self.blocks = nn.Sequential(*(Block(width, fused) for _ in range(depth)))
        self.norm, self.any_size, self.squeezed = nn.LayerNorm(width), any_size, squeezed

    def positions_for(self, height, width):
        if not self.any_size:
            return self.positions
        side, channels = SIDE // PATCH, self.positions.shape[-1]
        grid = self.positions[:, 1:].reshape(1, side, side, channels).permute(0, 3, 1, 2)
        grid = F.interpolate(grid, size=(height // PATCH, width // PATCH), mode="bicubic", align_corners=False)
        return torch.cat([self.positions[:, :1], grid.permute(0, 2, 3, 1).flatten(1, 2)], 1)

    def forward(self, pixel_values):
        b, _, height, width = pixel_values.shape
        x = self.patches(pixel_values).flatten(2).transpose(1, 2)
        x = torch.cat([self.cls.expand(b, -1, -1), x], 1) + self.positions_for(height, width)
        if self.squeezed:
            x = x.reshape(b, x.shape[1] // 17, -1, x.shape[2]).squeeze(1)
        return self.norm(self.blocks(x))


class LoopedViT(nn.Module):
    """Scripted, not traced: the same block `turns` times in a loop, and a branch that is decided when the file is run."""

    def __init__(self, turns: int):
        super().__init__()
        self.patches, self.layer = nn.Conv2d(3, WIDTH, PATCH, PATCH), nn.Linear(WIDTH, WIDTH)
        self.turns = turns

    def forward(self, pixel_values: torch.Tensor) -> torch.Tensor:
        x = self.patches(pixel_values).flatten(2).transpose(1, 2)
        for _ in range(pixel_values.shape[0] * 0 + self.turns):
            x = x + torch.tanh(self.layer(x))
        if pixel_values.shape[1] == 3:
            x = x * 2.0
        return x


class ConvNet(nn.Module):
    """A stage of ConvNeXt's kind after a stem, then a step down: maps of 1/8."""

    def __init__(self, width=8):
        super().__init__()
        self.stem, self.bn = nn.Conv2d(3, width, 4, 4), nn.BatchNorm2d(width)
        self.deep, self.norm = nn.Conv2d(width, width, 7, padding=3, groups=width), nn.LayerNorm(width)
        self.fc1, self.fc2 = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)
        self.down = nn.Conv2d(width, 2 * width, 2, 2)

    def forward(self, pixel_values):
        x = self.bn(self.stem(pixel_values))
        y = self.fc2(F.gelu(self.fc1(self.norm(self.deep(x).permute(0, 2, 3, 1)))))
        return self.down(x + y.permute(0, 3, 1, 2))


def export(name, model, opset, dynamo, batch="batch", sizes=False, dtype=torch.float32, output="last_hidden_state", **more):
    torch.manual_seed(len(name) + opset)
    images = torch.randn(2 if batch else 1, 3, SIDE, SIDE, dtype=dtype)
    free = {0: "batch"} | ({2: "height", 3: "width"} if sizes else {})
    names = dict(input_names=["pixel_values"], output_names=[output])
    path = str(OUT / f"{name}.onnx")
    model = stirred(model).to(dtype).eval()
    if dynamo:
        shapes = ({axis: torch.export.Dim.DYNAMIC if axis else torch.export.Dim("batch") for axis in free},) if batch else None
        torch.onnx.export(model, (images,), path, dynamo=True, opset_version=opset, dynamic_shapes=shapes, external_data=False, verbose=False, **names, **more)
    else:
        axes = {"pixel_values": free, output: {0: "batch"}} if batch else None
        torch.onnx.export(model, (images,), path, dynamo=False, opset_version=opset, dynamic_axes=axes, **names, **more)
    slim(path)


def stirred(model):
    """Norms' ones and zeros as random numbers: exporters store equal tensors once, and then parameters do not count up."""
    torch.manual_seed(3)
    for parameter in model.parameters():
        if parameter.dim() == 1:
            parameter.data += torch.randn_like(parameter) * 0.05
    return model


def slim(path):
    """Stack traces of this machine say nothing to anyone."""
    model = onnx.load(path)

    def clean(nodes):
        for node in nodes:
            kept = [(p.key, p.value) for p in node.metadata_props if p.key == "namespace"]
            del node.metadata_props[:]
            for key, value in kept[:1]:
                node.metadata_props.add(key=key, value=value[:40])
            node.doc_string = ""

    clean(model.graph.node)
    for function in model.functions:
        clean(function.node)
    del model.graph.value_info[:]
    onnx.save(model, path)


def derive(source, name, make):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        make(str(OUT / f"{source}.onnx"), str(path))
        shutil.copy(path, OUT / f"{name}.onnx")


def optimize(level):
    def make(source, target):
        options = ort.SessionOptions()
        options.graph_optimization_level = level
        options.optimized_model_filepath = target
        options.log_severity_level = 4
        ort.InferenceSession(source, options, providers=["CPUExecutionProvider"])

    return make


def fuse(source, target):
    options = optimizer.FusionOptions("vit")
    optimizer.optimize_model(source, "vit", num_heads=HEADS, hidden_size=WIDTH, optimization_options=options).save_model_to_file(target)


def half(keep):
    return lambda source, target: onnx.save(float16.convert_float_to_float16(onnx.load(source), keep_io_types=keep), target)


def four_bits(source, target):
    quantizer = MatMulNBitsQuantizer(onnx.load(source), block_size=16, is_symmetric=True)
    quantizer.process()
    onnx.save(quantizer.model.model, target)


def int8(kind):
    return lambda source, target: quantize_dynamic(
        source, target, weight_type=kind, extra_options={"DefaultTensorType": onnx.TensorProto.FLOAT}
    )


def functions(name):
    """As torch 2.1 to 2.5 wrote files: torchlib's functions and each module are calls, one within the other, attributes handed on."""
    lib, own = (Opset(domain, 1) for domain in ("pkg.onnxscript.torch_lib", "pkg.torch.2.4.0"))

    @script(lib, default_opset=op)
    def aten_linear(x, weight, bias):
        return op.MatMul(x, op.Transpose(weight, perm=[1, 0])) + bias

    @script(lib, default_opset=op)
    def aten_gelu(x, scale: float = 1.4142135):
        one = op.CastLike(op.Constant(value_float=1.0), x)
        half = op.CastLike(op.Constant(value_float=0.5), x)
        return op.Mul(op.Mul(x, half), op.Add(op.Erf(op.Div(x, op.Constant(value_float=scale))), one))

    @script(lib, default_opset=op)
    def aten_layer_norm(x, scale, bias, axis: int = -1):
        return op.LayerNormalization(x, scale, bias, axis=axis, epsilon=1e-6)

    @script(own, default_opset=op)
    def mlp_module(x, scale, shift, weight1, bias1, weight2, bias2):
        hidden = aten_gelu(aten_linear(aten_layer_norm(x, scale, shift), weight1, bias1))
        return x + aten_linear(hidden, weight2, bias2)

    torch.manual_seed(5)
    block, patches = Block(WIDTH, True), nn.Conv2d(3, WIDTH, PATCH, PATCH)
    weights = dict(
        kernel=patches.weight, shift0=patches.bias, scale=block.norm1.weight, shift=block.norm1.bias, weight1=block.fc1.weight,
        bias1=block.fc1.bias, weight2=block.fc2.weight, bias2=block.fc2.bias,
    )

    @script(default_opset=op)
    def model(pixel_values: FLOAT["batch", 3, SIDE, SIDE], kernel, shift0, scale, shift, weight1, bias1, weight2, bias2) -> FLOAT["batch", "tokens", WIDTH]:
        x = op.Conv(pixel_values, kernel, shift0, strides=[8, 8], kernel_shape=[8, 8])
        tokens = op.Transpose(op.Reshape(x, op.Constant(value_ints=[0, 12, -1])), perm=[0, 2, 1])
        once = mlp_module(tokens, scale, shift, weight1, bias1, weight2, bias2)
        return mlp_module(once, scale, shift, weight1, bias1, weight2, bias2)

    proto = model.to_model_proto()
    proto.producer_name, proto.producer_version = "pytorch", "2.4.0"
    for key, value in weights.items():
        proto.graph.initializer.append(onnx.numpy_helper.from_array(value.detach().numpy(), key))
    taken = proto.graph.input[0]
    del proto.graph.input[:]
    proto.graph.input.append(taken)
    proto.graph.output[0].name, old = "last_hidden_state", proto.graph.output[0].name
    for node in proto.graph.node:
        node.output[:] = ["last_hidden_state" if name == old else name for name in node.output]
    onnx.checker.check_model(proto)
    onnx.save(proto, str(OUT / f"{name}.onnx"))


def main():
    torch.manual_seed(1)
    OUT.mkdir(parents=True, exist_ok=True)
    export("vit-ts13", ViT(), 13, False)
    export("vit-ts17-batch1", ViT(depth=2, width=8), 17, False, batch=None)
    export("vit-ts20", ViT(fused=True, width=8), 20, False)
    export("vit-ts17-any-size", ViT(any_size=True), 17, False, sizes=True)
    export("vit-ts14-squeeze", ViT(squeezed=True, width=8), 14, False)
    export("vit-ts17-scripted", torch.jit.script(LoopedViT(2)), 17, False)
    export("vit-ts17-half", ViT(), 17, False, dtype=torch.float16)
    export("conv-ts13", ConvNet(), 13, False, output="features_map")
    export("conv-ts17-training", ConvNet(), 17, False, output="features_map", do_constant_folding=False, training=torch.onnx.TrainingMode.PRESERVE)
    export("vit-dynamo18", ViT(), 18, True)
    export("vit-dynamo20-batch1", ViT(fused=True), 20, True, batch=None)
    export("vit-dynamo23", ViT(fused=True), 23, True)
    export("vit-dynamo18-any-size", ViT(any_size=True), 18, True, sizes=True)
    export("conv-dynamo18", ConvNet(), 18, True, output="features_map")
    functions("mixer-functions18")
    derive("vit-ts13", "vit-fp16", half(False))
    derive("vit-ts13", "vit-fp16-float-io", half(True))
    derive("vit-ts13", "vit-q8", int8(QuantType.QUInt8))
    derive("vit-ts20", "vit-q8-signed", int8(QuantType.QInt8))
    derive("conv-ts13", "conv-q8", int8(QuantType.QUInt8))
    derive("vit-ts13", "vit-q4", four_bits)
    derive("vit-ts13", "vit-optimized", optimize(ort.GraphOptimizationLevel.ORT_ENABLE_EXTENDED))
    derive("vit-q8", "vit-q8-optimized", optimize(ort.GraphOptimizationLevel.ORT_ENABLE_EXTENDED))
    derive("vit-ts13", "vit-fused", fuse)


if __name__ == "__main__":
    main()
    for path in sorted(OUT.glob("*.onnx")):
        model = onnx.load(path)
        counts = {}
        for node in model.graph.node:
            key = (node.domain and node.domain + ".") + node.op_type
            counts[key] = counts.get(key, 0) + 1
        print(path.name, path.stat().st_size, [(o.domain, o.version) for o in model.opset_import], len(model.functions), file=sys.stderr)
        print("   ", counts, file=sys.stderr)
