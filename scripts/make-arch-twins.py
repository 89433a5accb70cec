"""Makes golden twins of the vision backbones: small random models of transformers and timm, in the layout of /work/shared/fixtures/arch.

    python scripts/make-arch-twins.py OUT_DIR [--seed N] [--only TEXT]    writes OUT_DIR/<source>-<family>-<variant>/ and OUT_DIR/index.json
    python scripts/make-arch-twins.py DIR --check                         reruns every folder of DIR and compares with its io.safetensors

Each folder: config.json and model.safetensors as a hub repository has them, io.safetensors with `pixel_values` and what the library makes of them,
always computed from the files just written. Nothing random is neutral (no norm weight of 1, no bias of 0). Libraries: see arch_libraries.py.
"""

import argparse
import copy
import json
import re
import shutil
import zlib
from pathlib import Path

import torch
from arch_libraries import VERSIONS, timm, transformers
from safetensors.torch import load_file, save_file
from timm.models._hub import load_model_config_from_path, save_config_for_hf

FLOATS = {"float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16}


def randomise(model, generator):
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
            elif re.search(r"position_bias_table|token|pos_embed|position_embedding|class_embedding|probe|latent", name):
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
    return model.float().eval()


# ---------------------------------------------------------------------------------------------------------------- running


def load(folder):
    """The model of a folder as its own library loads it, in float32."""
    config = json.loads((folder / "config.json").read_text())
    if "architecture" in config:
        cfg, name, arguments = load_model_config_from_path(folder)
        model = timm.create_model(name, pretrained_cfg=cfg, **(arguments or {}))
        model.load_state_dict(load_file(folder / "model.safetensors"), strict=True)
        return model.float().eval()
    kind = getattr(transformers, config["architectures"][0])
    model, info = kind.from_pretrained(folder, attn_implementation="eager", dtype=torch.float32, output_loading_info=True)
    model.missing = info["missing_keys"]
    return model.float().eval()


def run_timm(model, pixels, native, inside):
    model = copy.deepcopy(model)
    if not native:
        model = with_dynamic_size(model)
    features = model.forward_features(pixels)
    out = {"forward_features": features, "pre_logits": model.forward_head(features, pre_logits=True), "output": model(pixels)}
    if inside:
        vit = hasattr(model, "num_prefix_tokens")
        maps = model.forward_intermediates(pixels, intermediates_only=True, **({"return_prefix_tokens": True} if vit else {}))
        for i, one in enumerate(maps):
            pair = one if isinstance(one, tuple) else (one, None)
            out[f"intermediates.{i}"] = pair[0]
            if pair[1] is not None and pair[1].shape[1]:
                out[f"intermediates_prefix.{i}"] = pair[1]
    return out


def with_dynamic_size(model):
    """The same weights built with dynamic_img_size=True (ConvNeXt takes any size as it is)."""
    if not hasattr(model, "patch_embed"):
        return model
    double = next(model.parameters()).dtype == torch.float64
    twin = timm.create_model(model.build["name"], pretrained_cfg=model.build["cfg"], **{**model.build["arguments"], "dynamic_img_size": True})
    twin.load_state_dict(model.state_dict())
    return (twin.double() if double else twin).eval()


def run_hf(model, pixels, native, inside):
    model = copy.deepcopy(model)  # swin keeps the window size of the smallest image it has seen
    kind, out = type(model).__name__, {}
    more = {} if native or not takes(model.forward, "interpolate_pos_encoding") else {"interpolate_pos_encoding": True}
    if kind.startswith("ViTMAE"):
        model.config.mask_ratio = 0.0
        patch = model.config.patch_size
        more["noise"] = torch.arange(pixels.shape[2] // patch * (pixels.shape[3] // patch)).repeat(len(pixels), 1).to(pixels)
    body = model.vision_model if kind in ("CLIPModel", "SiglipModel") else getattr(model, model.base_model_prefix, model)
    if kind == "HieraForPreTraining":
        body.embeddings.patch_embeddings.is_mae = False
    result = body(pixels, output_hidden_states=inside, **more)
    if kind.startswith("CLIPVisionModelWith"):
        out["image_embeds"] = model(pixels, **more).image_embeds
    elif kind in ("CLIPModel", "SiglipModel"):
        out["image_embeds"] = model.get_image_features(pixels, **more)
    elif "Classification" in kind:
        answer = model(pixels, **more)
        out |= {key: answer[key] for key in ("logits", "cls_logits", "distillation_logits") if answer.get(key) is not None}
    out["last_hidden_state"] = result.last_hidden_state
    if result.get("pooler_output") is not None and not any("pooler" in key for key in getattr(model, "missing", ())):
        out["pooler_output"] = result.pooler_output
    if inside:
        name = "reshaped_hidden_states" if "reshaped_hidden_states" in result else "hidden_states"
        out |= {f"{name}.{i}": one for i, one in enumerate(result.get(name) or ())}
    return out


def takes(function, name):
    return name in function.__code__.co_varnames or name in getattr(getattr(function, "__wrapped__", function), "__code__").co_varnames


def run(folder, inputs, double=False, inside=True):
    """{output name: tensor} for {"pixel_values" or "pixel_values@HxW": tensor}."""
    model = load(folder)
    if isinstance(model, transformers.PreTrainedModel):
        one = run_hf
    else:
        one = run_timm
        cfg, name, arguments = load_model_config_from_path(folder)
        model.build = {"cfg": cfg, "name": name, "arguments": arguments or {}}
    model = model.double() if double else model
    outputs = {}
    with torch.inference_mode():
        for key, pixels in inputs.items():
            native = "@" not in key
            result = one(model, pixels.double() if double else pixels, native, inside and native)
            outputs |= {name + key[len("pixel_values") :]: value for name, value in result.items()}
    return outputs


def check(directory):
    """The largest difference of each folder's outputs from what is stored."""
    index = json.loads((directory / "index.json").read_text())["entries"]
    for name in index:
        stored = load_file(directory / name / "io.safetensors")
        outputs = run(directory / name, {key: value for key, value in stored.items() if key.startswith("pixel_values")})
        known = [key for key in stored if not key.startswith("pixel_values")]
        missing = [key for key in known if key not in outputs]
        worst = max(((outputs[key] - stored[key]).abs().max().item(), key) for key in known if key not in missing)
        print(f"{name:36} {worst[0]:.2e} {worst[1]:28} {'not made here: ' + ', '.join(missing) if missing else ''}", flush=True)


# ----------------------------------------------------------------------------------------------------------------- tables
# A row of HF: class, config keys, options. A row of TIMM: architecture, model_args, options. Options: `sizes` other input sizes, `dtype` of the stored
# weights, `short` config.json with the keys that are not the default only, `image` the native input size where the config does not fix it,
# `classes` (timm), `batch`, `inside` False: no outputs of single blocks, `init` arguments of the hf class, `extra` tensors nobody reads.


def sizes(*names):
    return {"sizes": names}


def vit(width, depth, heads, patch, image, **more):
    names = ("hidden_size", "num_hidden_layers", "num_attention_heads", "patch_size", "image_size")
    return dict(zip(names, (width, depth, heads, patch, image))) | more


def two_towers(text, vision, **more):
    words = {"hidden_size": 8, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "vocab_size": 20, "max_position_embeddings": 8}
    return {"text_config": words | text, "vision_config": vision} | more


SHORT, F16, BF16, NO_LIST = {"short": True}, {"dtype": "float16"}, {"dtype": "bfloat16"}, {"inside": False}

HF = {
    "vit-small": ("ViTModel", vit(16, 1, 2, 4, 16, intermediate_size=40), sizes("24x24", "8x20")),
    "vit-deep-f16": ("ViTModel", vit(32, 5, 4, 16, 48, intermediate_size=64), sizes("64x48") | F16),
    "vit-rect": ("ViTModel", vit(24, 2, 2, 8, (32, 48), intermediate_size=40, layer_norm_eps=1e-6), {}),
    "vit-no-qkv-bias": ("ViTModel", vit(24, 2, 3, 8, 32, intermediate_size=96, qkv_bias=False, hidden_act="gelu_pytorch_tanh"), {}),
    "vit-no-pooler": ("ViTModel", vit(24, 3, 6, 8, 40, intermediate_size=48), {"init": {"add_pooling_layer": False}} | SHORT | sizes("64x24")),
    "vit-classifier-bf16": ("ViTForImageClassification", vit(40, 2, 5, 16, 64, intermediate_size=80, num_labels=7), SHORT | BF16),
    "deit-small": ("DeiTModel", vit(16, 3, 4, 4, 16, intermediate_size=24), sizes("12x24", "24x24")),
    "deit-classifier": ("DeiTForImageClassification", vit(24, 2, 3, 8, 32, intermediate_size=56, num_labels=6), SHORT),
    "deit-distilled-classifier-f16": ("DeiTForImageClassificationWithTeacher", vit(40, 2, 2, 16, 48, intermediate_size=80, num_labels=9), SHORT | F16),
    "dinov2-patch14": ("Dinov2Model", vit(32, 2, 2, 14, 112, mlp_ratio=4), sizes("56x56", "70x70", "28x42")),
    "dinov2-swiglu-wide": ("Dinov2Model", vit(40, 1, 5, 8, 24, mlp_ratio=4, use_swiglu_ffn=True), sizes("32x32")),
    "dinov2-classifier": ("Dinov2ForImageClassification", vit(24, 2, 3, 8, 32, mlp_ratio=2, num_labels=5), SHORT),
    "dinov2-reg2": ("Dinov2WithRegistersModel", vit(24, 3, 4, 8, 40, mlp_ratio=4, num_register_tokens=2), sizes("24x24", "48x32")),
    "dinov3-patch16": ("DINOv3ViTModel", vit(32, 3, 2, 16, 64, intermediate_size=64, num_register_tokens=2), sizes("48x80", "32x32")),
    "dinov3-gated-f16": ("DINOv3ViTModel", vit(48, 2, 3, 8, 32, intermediate_size=40, use_gated_mlp=True, hidden_act="silu"), sizes("24x40") | F16),
    "clip-vision": ("CLIPVisionModel", vit(24, 3, 2, 8, 40, intermediate_size=96, hidden_act="gelu"), sizes("32x32", "48x24")),
    "clip-projection-gelu": ("CLIPVisionModelWithProjection", vit(32, 1, 4, 16, 64, intermediate_size=64, hidden_act="gelu", projection_dim=20), SHORT),
    "clip-full-quickgelu": ("CLIPModel", two_towers({}, vit(32, 2, 4, 8, 24, intermediate_size=64), projection_dim=12), SHORT | {"extra": "position_ids"}),
    "siglip-patch16": ("SiglipVisionModel", vit(32, 3, 2, 16, 48, intermediate_size=80), sizes("64x64", "32x48")),
    "siglip-full-short": ("SiglipModel", two_towers({}, vit(24, 1, 4, 8, 40, intermediate_size=40)), SHORT | F16),
    "mae-deep": (
        "ViTMAEForPreTraining",
        vit(
            32,
            4,
            4,
            16,
            64,
            intermediate_size=64,
            decoder_hidden_size=16,
            decoder_intermediate_size=24,
            decoder_num_attention_heads=2,
            decoder_num_hidden_layers=1,
        ),
        SHORT | F16,
    ),
    "convnext-wide": ("ConvNextModel", {"hidden_sizes": [12, 16, 20, 40], "depths": [2, 1, 3, 1], "image_size": 64}, {"image": (64, 64)} | sizes("40x72")),
    "convnext-classifier-f16": (
        "ConvNextForImageClassification",
        {"hidden_sizes": [8, 16, 24, 32], "depths": [1, 1, 1, 2], "image_size": 48, "num_labels": 4},
        {"image": (48, 48)} | SHORT | F16,
    ),
    "convnextv2": ("ConvNextV2Model", {"hidden_sizes": [8, 12, 16, 24], "depths": [1, 1, 2, 1], "image_size": 40}, {"image": (40, 56)} | sizes("64x32")),
    "swin-four-stages": (
        "SwinModel",
        {"image_size": 64, "patch_size": 4, "embed_dim": 8, "depths": [1, 2, 2, 1], "num_heads": [1, 2, 4, 8], "window_size": 2},
        sizes("48x80"),
    ),
    "swin-rect-pad": (
        "SwinModel",
        {"image_size": (40, 56), "patch_size": 4, "embed_dim": 12, "depths": [2, 2], "num_heads": [3, 2], "window_size": 4, "mlp_ratio": 2.0},
        {},
    ),
    "swinv2-four-stages": (
        "Swinv2Model",
        {"image_size": 64, "patch_size": 4, "embed_dim": 8, "depths": [1, 2, 2, 1], "num_heads": [1, 2, 4, 8], "window_size": 2},
        sizes("48x80"),
    ),
    "swinv2-rect-pad-pretrained": (
        "Swinv2Model",
        {
            "image_size": (40, 56),
            "patch_size": 4,
            "embed_dim": 12,
            "depths": [2, 2],
            "num_heads": [3, 2],
            "window_size": 4,
            "pretrained_window_sizes": [6, 3],
        },
        {},
    ),
    "hiera-deep": (
        "HieraModel",
        {"embed_dim": 8, "image_size": [64, 64], "depths": [1, 2, 3, 1], "num_heads": [1, 2, 4, 8], "mlp_ratio": 3.0},
        sizes("96x64"),
    ),
}


def small(width, depth, heads, patch, image, **more):
    return dict(zip(("embed_dim", "depth", "num_heads", "patch_size", "img_size"), (width, depth, heads, patch, image))) | more


TIMM = {
    "vit-rect": ("vit_small_patch16_224", small(32, 3, 2, 16, (48, 80), mlp_ratio=2.0), sizes("64x64", "32x48") | {"classes": 7}),
    "vit-headless-f16": ("vit_base_patch32_224", small(24, 2, 4, 8, 40), sizes("32x24") | F16),
    "vit-avg": ("vit_base_patch16_224", small(24, 2, 3, 8, 32, global_pool="avg"), sizes("48x32") | {"classes": 5}),
    "vit-no-qkv-bias": ("vit_base_patch16_224_miil", small(24, 2, 3, 8, 32), {"classes": 5}),
    "deit": ("deit_small_patch16_224", small(32, 2, 4, 8, 24, mlp_ratio=3.0), {"classes": 4}),
    "deit-distilled-f16": ("deit_small_distilled_patch16_224", small(40, 3, 5, 16, 64), {"classes": 6} | F16 | sizes("48x80")),
    "deit3-large": ("deit3_large_patch16_224", small(32, 2, 2, 16, 48), sizes("64x32")),
    "dinov2-base": ("vit_base_patch14_dinov2", small(32, 2, 4, 14, 112), sizes("56x56", "42x70")),
    "dinov2-reg4-avg": ("vit_base_patch14_reg4_dinov2", small(24, 1, 2, 8, 40, global_pool="avg"), sizes("32x24") | {"classes": 3}),
    "dinov2-giant-reg4": ("vit_giant_patch14_reg4_dinov2", small(48, 2, 4, 8, 32), sizes("48x48") | BF16),
    "dinov3-base": ("vit_base_patch16_dinov3", small(48, 3, 4, 16, 64), sizes("48x80", "32x32")),
    "dinov3-qkvb": ("vit_small_patch16_dinov3_qkvb", small(32, 2, 2, 8, 32, mlp_ratio=3.0), sizes("24x40")),
    "clip-large": ("vit_large_patch14_clip_224", small(32, 2, 2, 14, 56), {"classes": 12} | sizes("70x42")),
    "clip-quickgelu-f16": ("vit_base_patch16_clip_quickgelu_224", small(24, 3, 4, 16, 48), {"classes": 20} | F16 | sizes("32x64")),
    "siglip-large": ("vit_large_patch16_siglip_256", small(32, 2, 4, 16, 64), sizes("48x80")),
    "siglip-so400m": ("vit_so400m_patch14_siglip_384", small(40, 2, 5, 14, 56, mlp_ratio=2.5), sizes("70x70")),
    "mae-large": ("vit_large_patch16_224", small(32, 2, 2, 16, 48), F16),
    "convnext-small": ("convnext_small", {"depths": [2, 1, 3, 1], "dims": [8, 16, 24, 40]}, {"image": (64, 48), "classes": 6} | sizes("40x72")),
    "convnext-convmlp-f16": ("convnext_nano", {"depths": [1, 2, 1, 1], "dims": [12, 16, 20, 24]}, {"image": (48, 48), "classes": 5} | F16),
    "convnextv2": ("convnextv2_tiny", {"depths": [1, 1, 2, 1], "dims": [8, 12, 16, 24]}, {"image": (40, 40), "classes": 5} | sizes("64x32")),
    "swin-rect": (
        "swin_base_patch4_window7_224",
        {"img_size": (64, 96), "window_size": 4, "embed_dim": 8, "depths": [1, 2, 2], "num_heads": [1, 2, 4]},
        {"classes": 5},
    ),
    "swin-four-stages-pad": (
        "swin_small_patch4_window7_224",
        {"img_size": 72, "window_size": 3, "embed_dim": 8, "depths": [1, 2, 2, 1], "num_heads": [2, 2, 4, 8]},
        {"classes": 6} | F16,
    ),
    "swinv2-window": (
        "swinv2_small_window16_256",
        {"img_size": 64, "window_size": 4, "embed_dim": 12, "depths": [1, 2, 2], "num_heads": [3, 2, 4]},
        {"classes": 5},
    ),
    "swinv2-pretrained-rect": (
        "swinv2_large_window12to24_192to384",
        {"img_size": (64, 96), "window_size": 4, "embed_dim": 8, "depths": [2, 2], "num_heads": [1, 2], "pretrained_window_sizes": [2, 3]},
        {"classes": 5},
    ),
    "hiera-base": ("hiera_base_224", {"img_size": (64, 64), "embed_dim": 8, "num_heads": 1, "stages": [1, 2, 3, 1]}, {"classes": 5}),
    "hiera-abswin-classifier": (
        "hiera_small_abswin_256",
        {"img_size": (64, 32), "embed_dim": 8, "num_heads": 2, "stages": [1, 1, 2, 1], "global_pos_size": (3, 5)},
        {"classes": 5},
    ),
}

# ---------------------------------------------------------------------------------------------------------------- writing


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


def save(folder, model, dtype, extra=None):
    tensors = {}
    for key, value in model.state_dict().items():
        tensors[key] = (value.to(FLOATS[dtype]) if value.is_floating_point() else value).contiguous().clone()
    tensors |= {key: value for key, value in (extra or {}).items()}
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
    extra = None
    if options.get("extra") == "position_ids":
        extra = {f"{tower}.embeddings.position_ids": torch.arange(5)[None] for tower in ("text_model", "vision_model")}
    save(folder, randomise(model, generator), dtype, extra)
    size = getattr(config, "vision_config", config).image_size
    size = tuple(size) if isinstance(size, (list, tuple)) else (size, size)
    return {"source": "hf", "class": kind.__name__, "library": f"transformers {VERSIONS['transformers']}"}, options.get("image", size)


def write_timm(folder, row, generator):
    name, arguments, options = row
    classes = options.get("classes", 0)
    size = arguments.get("img_size", options.get("image"))
    size = (size, size) if isinstance(size, int) else size
    if size is None:
        classes = options.get("classes")  # the architecture as it is, nothing overridden
        model = timm.create_model(name)
    else:
        overlay = {"input_size": (3, *size), "num_classes": classes}
        model = timm.create_model(name, pretrained_cfg_overlay=overlay, num_classes=classes, **arguments)
    size = model.pretrained_cfg["input_size"][1:]
    save_config_for_hf(model, folder / "config.json", model_args=arguments)
    save(folder, randomise(model, generator), options.get("dtype", "float32"))
    return {"source": "timm", "class": name, "library": f"timm {VERSIONS['timm']}"}, size


def roles(source, outputs):
    if source == "timm":
        return {"tokens": "forward_features", "pooled": "pre_logits", "final": "output"}
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
