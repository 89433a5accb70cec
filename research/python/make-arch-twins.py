"""Makes golden twins of the vision backbones: small random models of transformers and timm, in the layout of test/fixtures/arch.

    python research/python/make-arch-twins.py OUT_DIR [--seed N] [--only TEXT]    writes OUT_DIR/<source>-<family>-<variant>/ and OUT_DIR/index.json
    python research/python/make-arch-twins.py DIR --check                         reruns every folder of DIR and compares with its io.safetensors

Each folder: config.json and model.safetensors as a hub repository has them, io.safetensors with `pixel_values` and what the library makes of them,
always computed from the files just written. Nothing random is neutral (no norm weight of 1, no bias of 0). Libraries: see arch_libraries.py.
What is made is a table in arch_variants.py; how it is run, arch_run.py.
"""

import argparse
import json
import re
import shutil
import zlib
from pathlib import Path

import torch
from arch_libraries import VERSIONS, timm, transformers
from arch_run import check, create, run
from arch_variants import HF, TIMM
from safetensors.torch import save_file
from timm.models._hub import save_config_for_hf

FLOATS = {"float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16}


def randomize(model, generator):
    """Every parameter by what it is for: norms around 1, biases, scales and tokens away from 0, matrices that keep the size of what they multiply."""

    def normal(like, scale):
        return torch.randn(like.shape, generator=generator) * scale

    def uniform(like, low, high):
        return torch.rand(like.shape, generator=generator) * (high - low) + low

    for path, module in model.named_modules():
        kind = type(module).__name__.lower()
        for leaf, parameter in module.named_parameters(recurse=False):
            name = f"{path}.{leaf}".lower()
            if "logit_scale" in name and parameter.ndim == 3:  # swinv2: one head of the first block above its clamp of log 100
                value = uniform(parameter, 1.0, 3.5)
                value[0] = 5.2 if "layers.0.blocks.0." in name else value[0]
            elif re.search(r"position_bias_table|rel_pos|token|pos_embed|position_embedding|class_embedding|probe|latent", name):
                value = normal(parameter, 0.6)
            elif "grn" in kind or "globalresponsenorm" in kind:
                value = normal(parameter, 0.5)
            elif leaf == "weight" and "norm" in kind:
                value = uniform(parameter, 0.5, 1.4)
            elif re.search(r"gamma|lambda|layer_scale", name):
                value = uniform(parameter, 0.3, 1.2)
            elif parameter.ndim < 2:  # biases
                value = normal(parameter, 0.2)
            else:
                value = normal(parameter, 1 / (parameter[0].numel() ** 0.5))
            parameter.data.copy_(value)
    settle_batch_norms(model.float(), generator)
    return model.eval()


def settle_batch_norms(model, generator):
    """Near the statistics of what the layers get, as after training: random ones let the signal die out in a deep model."""
    norms = [module for module in model.modules() if isinstance(module, torch.nn.BatchNorm2d)]
    if not norms:
        return
    usual = [norm.momentum for norm in norms]
    for norm in norms:
        norm.momentum = 1.0
    with torch.no_grad():
        model.train()(torch.randn(16, 3, 64, 64, generator=generator))
        for norm, momentum in zip(norms, usual):
            norm.momentum = momentum
            norm.running_mean += torch.randn(norm.running_mean.shape, generator=generator) * 0.3 * norm.running_var.sqrt()
            norm.running_var *= torch.rand(norm.running_var.shape, generator=generator) + 0.5
            norm.running_var.clamp_(min=0.1)  # a channel that hardly varies would amplify rounding


def without_defaults(config):
    """The keys a hub repository really has: those that differ from the class default, at every depth."""

    def thin(values, defaults):
        kept = {}
        for key, value in values.items():
            if isinstance(value, dict) and isinstance(defaults.get(key), dict) and key.endswith("_config"):
                kept[key] = {"model_type": value["model_type"]} | thin(value, defaults[key])
            elif key not in defaults or value != defaults[key]:
                kept[key] = value
        return kept

    return {"model_type": config.model_type} | thin(config.to_dict(), type(config)().to_dict())


def save(folder, model, options):
    tensors = model.state_dict()
    if options.get("extra"):
        tensors |= {key: value for key, value in model.named_buffers() if not key.endswith("k_bias")}
    dtype = FLOATS[options.get("dtype", "float32")]
    tensors = {key: (value.to(dtype) if value.is_floating_point() else value).contiguous().clone() for key, value in tensors.items()}
    if options.get("old"):
        older = [(r"^head.fc\.", "head."), (r"^layers\.(\d+)\.downsample", lambda found: f"layers.{int(found[1]) - 1}.downsample")]
        for pattern, replacement in older:
            tensors = {re.sub(pattern, replacement, key): value for key, value in tensors.items()}
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})


def write_hf(folder, row, generator):
    kind, keys, options = row
    dtype = options.get("dtype", "float32")
    kind = getattr(transformers, kind)
    model = kind(kind.config_class(**keys), **options.get("init", {}))
    config = model.config
    config.architectures, config.dtype = [kind.__name__], dtype
    values = without_defaults(config) if options.get("short") else config.to_dict()
    if options.get("short"):
        values.pop("pooler_output_size", None)  # follows hidden_size
        values["torch_dtype"] = values.pop("dtype", dtype)
    (folder / "config.json").write_text(json.dumps(values, indent=2, sort_keys=True, default=str))
    save(folder, randomize(model, generator), options)
    size = getattr(config, "vision_config", config)
    size = getattr(size, "image_size", None)
    size = tuple(size) if isinstance(size, (list, tuple)) else (size, size)
    return {"source": "hf", "class": kind.__name__, "library": f"transformers {VERSIONS['transformers']}"}, options.get("image", size)


def write_timm(folder, row, generator):
    name, arguments, options = row
    classes = options.get("classes", 0)
    size = options.get("image", arguments.get("img_size"))
    size = (size, size) if isinstance(size, int) else size
    if size is None:
        classes = options.get("classes")  # the architecture as it is, nothing overridden
        model = timm.create_model(name)
    else:
        overlay = {"input_size": (3, *size), "num_classes": classes}
        model = create(name, arguments, pretrained_cfg_overlay=overlay, num_classes=classes)
    size = model.pretrained_cfg["input_size"][1:]
    save_config_for_hf(model, folder / "config.json", model_args=arguments)
    save(folder, randomize(model, generator), options)
    return {"source": "timm", "class": name, "library": f"timm {VERSIONS['timm']}"}, size


def roles(source, outputs):
    if source == "timm":
        tokens = [f"forward_features.{i}" for i in range(2)] if "forward_features.0" in outputs else "forward_features"
        return {"tokens": tokens, "pooled": "pre_logits", "final": "output"}
    names = {"tokens": "last_hidden_state", "pooled": "pooler_output", "embeds": "image_embeds", "logits": "logits"}
    return {role: name for role, name in names.items() if name in outputs}


def make(directory, name, row, write, seed):
    folder = directory / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    generator = torch.Generator().manual_seed(seed * 2**32 + zlib.crc32(name.encode()))
    options = row[2]
    torch.manual_seed(0)
    entry, (height, width) = write(folder, row, generator)
    inputs = {"pixel_values": torch.randn(options.get("batch", 2), 3, height, width, generator=generator)}
    for size in options.get("sizes", ()):
        inputs[f"pixel_values@{size}"] = torch.randn(1, 3, *map(int, size.split("x")), generator=generator)
    inside = options.get("inside", True)
    outputs, exact = run(folder, inputs, inside=inside), run(folder, inputs, double=True, inside=inside)
    io = {key: value.contiguous().clone() for key, value in (inputs | outputs).items()}
    save_file(io, folder / "io.safetensors")
    entry["roles"] = roles(entry["source"], outputs)
    entry["dtype"] = options.get("dtype", "float32")
    entry["bytes"] = sum(one.stat().st_size for one in folder.iterdir())
    entry["io"] = {key: list(value.shape) for key, value in io.items()}
    entry["std"] = {key: float(f"{value.std().item():.4g}") for key, value in outputs.items()}
    entry["f32_vs_f64_max_abs_diff"] = {key: float(f"{(value - exact[key]).abs().max().item():.4g}") for key, value in outputs.items()}
    if "sizes" in options:
        entry["other_sizes"] = list(options["sizes"])
    return entry


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="", help="only folders whose name contains this")
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    if options.check:
        check(options.directory)
    else:
        index = options.directory / "index.json"
        entries = json.loads(index.read_text())["entries"] if options.only and index.exists() else {}
        for source, table, write in (("hf", HF, write_hf), ("timm", TIMM, write_timm)):
            for name, row in table.items():
                if options.only in f"{source}-{name}":
                    entry = entries[f"{source}-{name}"] = make(options.directory, f"{source}-{name}", row, write, options.seed)
                    noise = max(entry["f32_vs_f64_max_abs_diff"].values())
                    print(f"{source}-{name:34} {entry['bytes']:9} bytes, rounding {noise:.1e}, {entry['roles']}", flush=True)
                    index.write_text(json.dumps({"versions": VERSIONS, "entries": entries}, indent=1))
