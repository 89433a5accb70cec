"""Focal Transformer (arXiv 2107.00641) written out for tests, window by window and key by key, and small random models of its variants.

    python research/python/focal_reference.py FOLDER...      compares io.safetensors of golden folders with what this computes
    python research/python/focal_reference.py --make OUT_DIR writes golden folders of variants that the authors' configs allow

Written from the paper and from the description of the tensors, not from the authors' code; slow and direct, in float64. The goldens of the authors'
own code are test/fixtures/arch/authors-focal*: run the first command on them before trusting the second.
"""

import argparse
import json
import math
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch.nn import functional as F


def norm(x, t, name):
    return F.layer_norm(x, (x.shape[-1],), t[f"{name}.weight"], t[f"{name}.bias"], 1e-5)


def linear(x, t, name):
    return F.linear(x, t[f"{name}.weight"], t.get(f"{name}.bias"))


def keys_of_ring(grid, row, col, w, e):
    """(row, col) of the ring's tokens on the rolled, padded grid, in the order of the stored table."""
    height, width = grid
    for down, right in ((e, e), (e, -e), (-e, e), (-e, -e)):
        for y in range(w):
            for x in range(w):
                if (y >= w - e if down > 0 else y < e) or (x >= w - e if right > 0 else x < e):
                    yield (row * w + y + down) % height, (col * w + x + right) % width


def attention(x, t, name, index, args):
    """x [b, h, w, c] after norm1."""
    b, height, width, c = x.shape
    prefix = f"{name}.attn."
    table = t[f"{prefix}relative_position_bias_table"]
    heads = table.shape[1]
    d = c // heads
    w = args["window_size"]
    single = min(height, width) <= w
    w = min(height, width, w)
    x = F.pad(x, (0, 0, 0, -width % w, 0, -height % w))
    padded = x.shape[1:3]
    shift = w // 2 if args.get("use_shift") and index % 2 and not single else 0
    x = torch.roll(x, (-shift, -shift), (1, 2))
    rows, cols = padded[0] // w, padded[1] // w
    q, k, v = linear(x, t, f"{prefix}qkv").reshape(b, *padded, 3, heads, d).unbind(3)
    pooled = []
    level = 0
    while f"{name}.pool_layers.{level}.weight" in t:
        s = w // 2**level
        part = x
        for axis, count in ((1, rows), (2, cols)):
            total = count * 2**level * s
            part = part.narrow(axis, (part.shape[axis] - total) // 2, total)
        squares = part.reshape(b, rows * 2**level, s, cols * 2**level, s, c).permute(0, 1, 3, 5, 2, 4).flatten(-2)
        pooled.append(linear(linear(squares, t, f"{name}.pool_layers.{level}").squeeze(-1), t, f"{prefix}qkv").reshape(b, rows * 2**level, cols * 2**level, 3, heads, d))
        level += 1
    neighbors = t.get(f"{prefix}relative_position_bias_table_to_neighbors")
    e = 0 if neighbors is None else args["expand_size"]
    region = torch.zeros(padded)
    if shift:
        for i, one in enumerate((slice(0, -w), slice(-w, -shift), slice(-shift, None))):
            for j, two in enumerate((slice(0, -w), slice(-w, -shift), slice(-shift, None))):
                region[one, two] = 3 * i + j
    out = torch.zeros(b, *padded, c, dtype=x.dtype)
    for row in range(rows):
        for col in range(cols):
            own = [(row * w + y, col * w + x) for y in range(w) for x in range(w)]
            places = own + list(keys_of_ring(padded, row, col, w, e) if e else [])
            key = torch.stack([k[:, y, x] for y, x in places], 2)  # b, heads, keys, d
            value = torch.stack([v[:, y, x] for y, x in places], 2)
            bias = torch.zeros(heads, w * w, len(own), dtype=x.dtype)
            for i, (y, x0) in enumerate(own):
                for j, (v0, u) in enumerate(own):
                    bias[:, i, j] = table[(y - v0 + w - 1) * (2 * w - 1) + x0 - u + w - 1]
                    if region[y, x0] != region[v0, u]:
                        bias[:, i, j] -= 100
            parts = [bias] + ([neighbors[0]] if e else [])
            for n, tokens in enumerate(pooled):
                positions = t[f"{prefix}relative_position_bias_table_to_windows.{n}"]
                side = math.isqrt(positions.shape[1]) - w + 1
                f = side - 2**n + 1
                big = 2 * (f // 2) + 2 ** (n + 1) - 1
                top, left = (at * 2**n - (big // 2 - (2**n - 1)) for at in (row, col))
                more = torch.zeros(heads, w * w, side * side, dtype=x.dtype)
                keys, values = [], []
                for y in range(side):
                    for x0 in range(side):
                        inside = 0 <= top + y < tokens.shape[1] and 0 <= left + x0 < tokens.shape[2]
                        one = tokens[:, top + y, left + x0] if inside else torch.zeros(b, 3, heads, d, dtype=x.dtype)
                        keys.append(one[:, 1])
                        values.append(one[:, 2])
                        for i in range(w * w):
                            down, right = i // w - y, i % w - x0
                            more[:, i, y * side + x0] = positions[:, (down + side - 1) * (w + side - 1) + right + side - 1] - (0 if inside else 100)
                key, value = torch.cat([key, torch.stack(keys, 2)], 2), torch.cat([value, torch.stack(values, 2)], 2)
                parts.append(more)
            query = torch.stack([q[:, y, x] for y, x in own], 2)
            scores = torch.softmax(query @ key.transpose(-2, -1) * d**-0.5 + torch.cat(parts, 2), -1)
            seen = (scores @ value).permute(0, 2, 1, 3).reshape(b, w, w, c)
            out[:, row * w : row * w + w, col * w : col * w + w] = seen
    out = torch.roll(out, (shift, shift), (1, 2))[:, :height, :width]
    return linear(out, t, f"{prefix}proj")


def run(pixels, tensors, args):
    """All outputs by name, in float64."""
    t = {key: value.double() if value.is_floating_point() else value for key, value in tensors.items()}
    conv = args.get("use_conv_embed")
    kernel = t["patch_embed.proj.weight"].shape[-1]
    x = F.conv2d(pixels.double(), t["patch_embed.proj.weight"], t["patch_embed.proj.bias"], **({"stride": 4, "padding": 2} if conv else {"stride": kernel}))
    x = x.permute(0, 2, 3, 1)
    if "patch_embed.norm.weight" in t:
        x = norm(x, t, "patch_embed.norm")
    if "absolute_pos_embed" in t:
        x = x + t["absolute_pos_embed"].reshape(1, *x.shape[1:])
    out, stage = {}, 0
    while f"layers.{stage}.blocks.0.norm1.weight" in t:
        block = 0
        while f"layers.{stage}.blocks.{block}.norm1.weight" in t:
            name = f"layers.{stage}.blocks.{block}"
            more = args | {"expand_size": args["expand_sizes"][stage]}
            y = attention(norm(x, t, f"{name}.norm1"), t, name, block, more)
            x = x + t.get(f"{name}.gamma_1", 1) * y
            y = linear(F.gelu(linear(norm(x, t, f"{name}.norm2"), t, f"{name}.mlp.fc1")), t, f"{name}.mlp.fc2")
            x = x + t.get(f"{name}.gamma_2", 1) * y
            block += 1
        out[f"intermediates.{stage}"] = x.permute(0, 3, 1, 2)
        if f"layers.{stage}.downsample.proj.weight" in t:
            name, planes = f"layers.{stage}.downsample", x.permute(0, 3, 1, 2)
            if f"{name}.pre_norm.weight" in t:
                planes = F.group_norm(planes, 1, t[f"{name}.pre_norm.weight"], t[f"{name}.pre_norm.bias"])
            weight = t[f"{name}.proj.weight"]
            x = F.conv2d(planes, weight, t[f"{name}.proj.bias"], stride=2, padding=1 if weight.shape[-1] == 3 else 0).permute(0, 2, 3, 1)
            x = norm(x, t, f"{name}.norm")
        stage += 1
    x = norm(x, t, "norm").flatten(1, 2)
    pooled = x.mean(1)
    out |= {"forward_features": x, "pre_logits": pooled, "output": linear(pooled, t, "head") if "head.weight" in t else pooled}
    return {key: value.float().contiguous() for key, value in out.items()}


def shapes(args):
    """Names and shapes of a model's tensors."""
    widths = [args["embed_dim"] * 2**i for i in range(len(args["depths"]))]
    conv, c = args.get("use_conv_embed"), widths[0]
    kernel, side = (7, args["img_size"] // 4) if conv else (args["patch_size"], args["img_size"] // args["patch_size"])
    found = {"patch_embed.proj.weight": (c, 3, kernel, kernel), "patch_embed.proj.bias": (c,)}
    if args.get("patch_norm", True):
        found |= {"patch_embed.norm.weight": (c,), "patch_embed.norm.bias": (c,)}
    if args.get("ape"):
        found["absolute_pos_embed"] = (1, side * side, c)
    for s, (c, depth, heads) in enumerate(zip(widths, args["depths"], args["num_heads"])):
        single = side <= args["window_size"]
        w = min(side, args["window_size"])
        for j in range(depth):
            name = f"layers.{s}.blocks.{j}"
            hidden = int(c * args.get("mlp_ratio", 4))
            for part, size in {"norm1": (c,), "norm2": (c,), "attn.qkv": (3 * c, c), "attn.proj": (c, c), "mlp.fc1": (hidden, c), "mlp.fc2": (c, hidden)}.items():
                found |= {f"{name}.{part}.weight": size, f"{name}.{part}.bias": size[:1]}
            if not args.get("qkv_bias", True):
                del found[f"{name}.attn.qkv.bias"]
            found[f"{name}.attn.relative_position_bias_table"] = ((2 * w - 1) ** 2, heads)
            e = 0 if single or {"even": 0, "odd": 1}.get(args.get("expand_layer", "all")) == j % 2 else args["expand_sizes"][s]
            if e:
                found[f"{name}.attn.relative_position_bias_table_to_neighbors"] = (1, heads, w * w, 4 * w * w - 4 * (w - e) ** 2)
            for k in range(args["focal_levels"][s] - 1 if args.get("focal_pool", "fc") != "none" else 0):
                found[f"{name}.attn.relative_position_bias_table_to_windows.{k}"] = (heads, (w + args["focal_windows"][s] + 2**k - 2) ** 2)
                found |= {f"{name}.pool_layers.{k}.weight": (1, (w // 2**k) ** 2), f"{name}.pool_layers.{k}.bias": (1,)}
            if args.get("use_layerscale"):
                found |= {f"{name}.gamma_1": (c,), f"{name}.gamma_2": (c,)}
        if s + 1 < len(widths):
            size, name = 3 if conv else 2, f"layers.{s}.downsample"
            found |= {f"{name}.proj.weight": (2 * c, c, size, size), f"{name}.proj.bias": (2 * c,), f"{name}.norm.weight": (2 * c,), f"{name}.norm.bias": (2 * c,)}
            if args.get("use_pre_norm"):
                found |= {f"{name}.pre_norm.weight": (c,), f"{name}.pre_norm.bias": (c,)}
            side = (side + 2 - 3) // 2 + 1 if conv else side // 2
    found |= {"norm.weight": widths[-1:], "norm.bias": widths[-1:]}
    if args.get("num_classes"):
        found |= {"head.weight": (args["num_classes"], widths[-1]), "head.bias": (args["num_classes"],)}
    return found


def model(image, patch, width, depths, heads, window, levels, windows, expand, **more):
    names = ("img_size", "patch_size", "embed_dim", "depths", "num_heads", "window_size", "focal_levels", "focal_windows", "expand_sizes")
    return dict(zip(names, (image, patch, width, depths, heads, window, levels, windows, expand))) | more


VARIANTS = {
    "shift": model(32, 4, 8, [2, 1], [2, 4], 4, [2, 2], [3, 1], [2, 1], use_shift=True, num_classes=3),
    "pre-norm": model(32, 4, 8, [1, 2], [1, 2], 4, [2, 2], [5, 3], [2, 3], use_pre_norm=True, patch_norm=False),
    "expand-even": model(32, 4, 8, [2, 1], [2, 2], 4, [3, 2], [3, 3], [1, 2], expand_layer="even", use_layerscale=True, num_classes=4),
    "expand-odd": model(40, 4, 8, [2, 2], [2, 2], 5, [2, 2], [3, 1], [2, 2], expand_layer="odd", qkv_bias=False),
    "one-level": model(32, 4, 8, [1, 1], [2, 2], 4, [1, 1], [3, 3], [1, 3], ape=True),
    "no-pooling": model(32, 4, 8, [2, 1], [2, 2], 4, [2, 2], [3, 3], [1, 3], focal_pool="none", mlp_ratio=2),
    "small-grid": model(24, 4, 8, [1, 1], [2, 2], 7, [2, 3], [5, 3], [3, 3], num_classes=3),
    "padded-three-levels": model(44, 4, 8, [2, 1], [2, 4], 5, [3, 2], [3, 1], [2, 2], use_shift=False, num_classes=3),
    "window-7": model(112, 4, 6, [1, 1], [3, 3], 7, [2, 2], [7, 5], [3, 3], num_classes=2),
    "conv-pre-norm": model(64, 4, 8, [1, 2, 1], [1, 2, 2], 4, [2, 2, 2], [5, 3, 1], [3, 1, 1], use_conv_embed=True, use_pre_norm=True, use_layerscale=True),
}


def make(directory, name, args):
    folder = directory / f"reference-focal-{name}"
    folder.mkdir(parents=True, exist_ok=True)
    generator = torch.Generator().manual_seed(len(name) * 1000 + sum(map(ord, name)))
    tensors = {}
    for key, size in shapes(args).items():
        value = torch.randn(tuple(size), generator=generator)
        scale = 0.6 if "table" in key or "pos_embed" in key else 0.2 if len(size) < 2 else torch.empty(tuple(size))[0].numel() ** -0.5
        tensors[key] = value * scale + (1 if "norm" in key and key.endswith("weight") or "gamma" in key else 0)
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    size = args["img_size"]
    config = {"architecture": "focal_tiny_patch4_window7_224", "model_args": {key: value for key, value in args.items() if key != "num_classes"}}
    config["pretrained_cfg"] = {"input_size": [3, size, size]}
    (folder / "config.json").write_text(json.dumps(config, indent=2))
    pixels = torch.randn(1, 3, size, size, generator=generator)
    save_file({"pixel_values": pixels} | run(pixels, tensors, args), folder / "io.safetensors")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("--make", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(1)
    if options.make:
        for name, args in VARIANTS.items():
            make(options.make, name, args)
            print(name, flush=True)
    for folder in options.folders:
        stored, config = load_file(folder / "io.safetensors"), json.loads((folder / "config.json").read_text())
        tensors = load_file(folder / "model.safetensors")
        for key in [key for key in stored if key.startswith("pixel_values")]:
            suffix = key[len("pixel_values") :]
            outputs = run(stored[key], tensors, config["model_args"])
            errors = {name: (outputs[name] - stored[name + suffix]).abs().max().item() for name in outputs if name + suffix in stored}
            print(f"{folder.name} {key}: " + ", ".join(f"{name} {error:.1e}" for name, error in errors.items()), flush=True)
