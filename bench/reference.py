"""The authors' S2 in PyTorch, run when asked: one line in, one line of JSON out. Started by authors.mjs.

Loads DeiT-Tiny as a plain module with the weights of the ONNX file and with those of the hub's safetensors file (rounded to float16: outputs differ by
1e-2), and `s2wrapper` from the folder given. Writes what the model and S2 gave for the input with either, so that the asker can compare; then each line
"run" is one timed `s2wrapper.forward` with the hub's weights, and each line "photo PATH" one from the file: opened and resized by Pillow, normalized, its
features written for the asker after the clock has stopped.
"""

import argparse
import json
import sys
import time

import numpy as np
import torch
import torch.nn.functional as F


def fields(buffer):
    """The fields of a protobuf message: (number, value), bytes for lengths and an int for varints."""
    at = 0

    def varint():
        nonlocal at
        value, shift = 0, 0
        while True:
            byte = buffer[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    while at < len(buffer):
        key = varint()
        if key & 7 == 0:
            yield key >> 3, varint()
        else:
            length = varint() if key & 7 == 2 else {1: 8, 5: 4}[key & 7]
            yield key >> 3, buffer[at : at + length]
            at += length


def read_weights(path):
    """The float32 initializers of the ONNX file under timm's names: ModelProto.graph = 7, .initializer = 5, then dims 1, name 8, raw 9.

    The exporter transposed the matrices of linear layers and named them onnx::MatMul_N in the order of their use.
    """
    graph = next(value for number, value in fields(memoryview(open(path, "rb").read())) if number == 7)
    weights, matrices = {}, []
    for tensor in (list(fields(value)) for number, value in fields(graph) if number == 5):
        raw = next((value for number, value in tensor if number == 9), b"")
        name = next(bytes(value).decode() for number, value in tensor if number == 8)
        shape = [value for number, value in tensor if number == 1]
        values = torch.from_numpy(np.frombuffer(raw, np.float32).reshape(shape).copy()) if len(raw) == 4 * np.prod(shape) else None
        if name.startswith("onnx::MatMul_"):
            matrices.append((int(name.split("_")[1]), values.T.contiguous()))
        else:
            weights[name] = values
    layers = [f"blocks.{i}.{layer}.weight" for i in range(12) for layer in ("attn.qkv", "attn.proj", "mlp.fc1", "mlp.fc2")]
    return weights | dict(zip(layers, (values for _, values in sorted(matrices, key=lambda pair: pair[0])), strict=True))


def read_hub_weights(path):
    """The tensors of a safetensors file in float32; their names are timm's."""
    data = open(path, "rb").read()
    start = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(data[8:start])
    types = {"F16": np.float16, "F32": np.float32}

    def read(tensor):
        values = np.frombuffer(data[slice(*(start + at for at in tensor["data_offsets"]))], types[tensor["dtype"]])
        return torch.from_numpy(values.reshape(tensor["shape"]).astype(np.float32))

    return {name: read(tensor) for name, tensor in header.items() if name != "__metadata__"}


class Block(torch.nn.Module):
    def __init__(self, weights, prefix):
        super().__init__()
        for name in ("norm1", "attn.qkv", "attn.proj", "norm2", "mlp.fc1", "mlp.fc2"):
            for part in ("weight", "bias"):
                self.register_buffer(f"{name}.{part}".replace(".", "_"), weights[f"{prefix}.{name}.{part}"])

    def forward(self, x):
        b, n, c = x.shape
        h = F.layer_norm(x, (c,), self.norm1_weight, self.norm1_bias, 1e-6)
        qkv = F.linear(h, self.attn_qkv_weight, self.attn_qkv_bias).reshape(b, n, 3, 3, c // 3).permute(2, 0, 3, 1, 4)
        h = F.scaled_dot_product_attention(*qkv.unbind(0)).transpose(1, 2).reshape(b, n, c)
        x = x + F.linear(h, self.attn_proj_weight, self.attn_proj_bias)
        h = F.layer_norm(x, (c,), self.norm2_weight, self.norm2_bias, 1e-6)
        h = F.gelu(F.linear(h, self.mlp_fc1_weight, self.mlp_fc1_bias))
        return x + F.linear(h, self.mlp_fc2_weight, self.mlp_fc2_bias)


class DeitTiny(torch.nn.Module):
    """[b, 3, 224, 224] -> [b, 197, 192]."""

    def __init__(self, weights):
        super().__init__()
        self.blocks = torch.nn.ModuleList(Block(weights, f"blocks.{i}") for i in range(12))
        for name in ("cls_token", "pos_embed", "patch_embed.proj.weight", "patch_embed.proj.bias", "norm.weight", "norm.bias"):
            self.register_buffer(name.replace(".", "_"), weights[name])

    def forward(self, x):
        x = F.conv2d(x, self.patch_embed_proj_weight, self.patch_embed_proj_bias, stride=16).flatten(2).transpose(1, 2)
        x = torch.cat([self.cls_token.expand(len(x), -1, -1), x], dim=1) + self.pos_embed
        for block in self.blocks:
            x = block(x)
        return F.layer_norm(x, (192,), self.norm_weight, self.norm_bias, 1e-6)


def main():
    parser = argparse.ArgumentParser()
    for name in ("--s2wrapper", "--onnx", "--hub", "--input", "--output", "--threads"):
        parser.add_argument(name, required=True)
    args = parser.parse_args()
    sys.path.insert(0, args.s2wrapper)
    import s2wrapper

    torch.set_num_threads(int(args.threads))
    models = [DeitTiny(weights).eval() for weights in (read_weights(args.onnx), read_hub_weights(args.hub))]
    image = torch.from_numpy(np.fromfile(args.input, np.float32)).reshape(1, 3, 224, 224)

    mean, std = (torch.tensor(values).reshape(3, 1, 1) for values in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))

    def run(model):
        return s2wrapper.forward(model, image, scales=[1, 2, 3], num_prefix_token=1)

    def run_photo(model, path):
        from PIL import Image  # only this needs Pillow

        photo = Image.open(path).convert("RGB").resize((672, 672), Image.Resampling.BICUBIC)
        pixels = torch.from_numpy(np.array(photo)).permute(2, 0, 1).float().div(255).sub(mean).div(std)
        return s2wrapper.forward(model, pixels[None], img_sizes=[224, 448, 672], max_split_size=224, num_prefix_token=1)

    with torch.inference_mode():
        outputs = [output.numpy().ravel() for model in models for output in (model(image), run(model))]
        np.concatenate(outputs).tofile(args.output)
        print(json.dumps({"torch": torch.__version__, "python": sys.version.split()[0]}), flush=True)
        for line in sys.stdin:
            what, _, path = line.rstrip("\n").partition(" ")
            cpu, start = time.process_time(), time.perf_counter()
            output = run_photo(models[1], path) if what == "photo" else run(models[1])
            ms = (time.perf_counter() - start) * 1000
            cpu = (time.process_time() - cpu) * 1000
            if what == "photo":
                output.numpy().tofile(args.output)
            print(json.dumps({"ms": ms, "cpu": cpu}), flush=True)


main()
