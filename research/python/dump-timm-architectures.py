"""Writes test/models/timm-architectures.json: what timm's architecture names decide and no tensor shape of the checkpoint shows.

    python research/python/dump-timm-architectures.py [OUT.json]        (needs arch_libraries.py beside it; about a minute, on torch's meta device)

A hub repository of timm usually says no more than {"architecture": "vit_large_patch14_clip_quickgelu_336"}: heads, activation, norm eps, windows
and pooling follow from that name. src/models keeps them as a small table of rules; this file is what its test holds the rules against.
`architectures` holds every plain name, `shapes` in each what the tensors show too (a check); `unsupported` the rest, with the reason.
"""

import json
import sys
from pathlib import Path

import torch
from arch_libraries import VERSIONS, timm
from timm.layers import LayerNorm2d
from timm.models import convnext, eva, hiera, swin_transformer, swin_transformer_v2, vision_transformer

OUT = Path(__file__).parents[2] / "test/models/timm-architectures.json"
MODULES = ["vision_transformer", "deit", "swin_transformer", "swin_transformer_v2", "convnext", "hiera"]
ACTIVATIONS = {"GELU": "gelu", "GELUTanh": "gelu_tanh", "QuickGELU": "quick_gelu", "SiLU": "silu"}
NORMS = (torch.nn.LayerNorm, LayerNorm2d)
PIXELS = ["mean", "std", "interpolation", "crop_pct", "crop_mode"]


class Unsupported(Exception):
    pass


def only(values, what):
    """The one value of a list whose values are all the same."""
    found = sorted({json.dumps(one) for one in values})
    if len(found) != 1:
        raise Unsupported(f"more than one {what}: {', '.join(found)}")
    return json.loads(found[0])


def named(model, *words):
    return [module for module in model.modules() if type(module).__name__ in words]


def check_norms(model):
    for module in model.modules():
        name = type(module).__name__
        if "Norm" in name and not isinstance(module, NORMS) and not name.startswith(("GlobalResponse", "NormMlp", "ClNormMlp")):
            raise Unsupported(f"{name} norms")
    return only([module.eps for module in model.modules() if isinstance(module, NORMS)], "norm eps")


def activation(module):
    return ACTIVATIONS[type(module.act).__name__]


def pair(value):
    return [value, value] if isinstance(value, int) else list(value)


def vit(model):
    block = only([type(one).__name__ for one in model.blocks], "kind of block")
    if block != "Block":
        raise Unsupported(f"{block} blocks")
    attention, mlp = model.blocks[0].attn, model.blocks[0].mlp
    if type(attention).__name__ != "Attention":
        raise Unsupported(f"{type(attention).__name__} attention")
    kind = type(mlp).__name__
    extra = [name for name in ("q_norm", "norm") if not isinstance(getattr(attention, name), torch.nn.Identity)]
    if extra or not isinstance(mlp.norm, torch.nn.Identity):
        raise Unsupported(f"norms inside attention ({', '.join(extra)}) or mlp")
    if kind not in ("Mlp", "GluMlp") or getattr(mlp, "gate_last", False):
        raise Unsupported(f"{kind} with rms norm" if "Rms" in type(model.blocks[0].norm1).__name__ else f"{kind} mlp")
    eps = check_norms(model)
    pool = model.attn_pool
    norm = "final" if not isinstance(model.norm, torch.nn.Identity) else "pooled" if not isinstance(model.fc_norm, torch.nn.Identity) else "none"
    prefix = model.num_prefix_tokens
    row = {
        "heads": attention.num_heads,
        "eps": eps,
        "act": activation(mlp),
        "mlp": {"Mlp": "mlp", "GluMlp": "swiglu"}[kind],
        "pool": model.global_pool,
        "norm": norm,
    }
    if model.pool_include_prefix:
        row["poolIncludesPrefix"] = True
    if pool is not None:
        row["poolHeads"], row["poolAct"] = pool.num_heads, activation(pool.mlp)
    if not model.__class__.__name__ == "VisionTransformer":
        row["distilled"] = True
    shapes = {
        "dim": model.embed_dim,
        "depth": len(model.blocks),
        "patch": pair(model.patch_embed.patch_size),
        "mlpHidden": mlp.fc2.in_features,
        "classToken": model.has_class_token,
        "registers": model.num_reg_tokens,
        "noEmbedClass": model.pos_embed.shape[1] == model.patch_embed.num_patches and prefix > 0,
        "preNorm": not isinstance(model.norm_pre, torch.nn.Identity),
        "patchBias": model.patch_embed.proj.bias is not None,
        "qkvBias": attention.qkv.bias is not None,
        "layerScale": not isinstance(model.blocks[0].ls1, torch.nn.Identity),
    }
    return "vit", pair(model.patch_embed.img_size), row, shapes


def dinov3(model):
    attention, mlp = model.blocks[0].attn, model.blocks[0].mlp
    kind, rope = type(mlp).__name__, model.rope
    row = {
        "heads": attention.num_heads,
        "eps": check_norms(model),
        "act": activation(mlp),
        "mlp": {"Mlp": "mlp", "SwiGLU": "swiglu"}[kind],
        "pool": model.global_pool,
        "norm": "final" if not isinstance(model.norm, torch.nn.Identity) else "pooled",
        "rope": {"temperature": rope.temperature, "rotateHalf": attention.rotate_half, "grid": rope.grid_indexing, "normalize": rope.normalize_coords},
    }
    shapes = {
        "dim": model.embed_dim,
        "depth": len(model.blocks),
        "patch": pair(model.patch_embed.patch_size),
        "mlpHidden": mlp.fc2.in_features,
        "registers": model.reg_token.shape[1],
        "qkvBias": attention.q_bias is not None,
        "layerScale": model.blocks[0].gamma_1 is not None,
    }
    return "dinov3", pair(model.patch_embed.img_size), row, shapes


def swin(model):
    blocks = [stage.blocks for stage in model.layers]
    second = type(model).__name__ == "SwinTransformerV2"
    # Windows as asked for; a stage whose grid is not larger uses its grid and does not shift.
    row = {
        "heads": [stage[0].attn.num_heads for stage in blocks],
        "eps": check_norms(model),
        "act": activation(blocks[0][0].mlp),
        "pool": model.global_pool,
        "window": [only([list(one.window_size) for one in stage], "window") for stage in blocks],
        "shift": [list(stage[1].shift_size) for stage in blocks],
    }
    if second:
        row["pretrainedWindow"] = [list(stage[0].attn.pretrained_window_size) for stage in blocks]
    shapes = {
        "dim": model.embed_dim,
        "depths": [len(stage) for stage in blocks],
        "patch": pair(model.patch_embed.patch_size),
        "mlpHidden": [stage[0].mlp.fc2.in_features for stage in blocks],
        "qkvBias": (blocks[0][0].attn.q_bias if second else blocks[0][0].attn.qkv.bias) is not None,
    }
    return "swinv2" if second else "swin", pair(model.patch_embed.img_size), row, shapes


def conv(model):
    block = model.stages[0].blocks[0]
    head = model.head
    row = {"eps": check_norms(model), "act": activation(block.mlp), "pool": head.global_pool.pool_type}
    if not isinstance(model.norm_pre, torch.nn.Identity):
        row["headNormFirst"] = True
    hidden = getattr(getattr(head, "pre_logits", None), "fc", None)
    if hidden is not None:
        row["headAct"] = activation(head.pre_logits)
    if len(model.stem) > 2:
        row["stemAct"] = any(type(one).__name__ in ACTIVATIONS for one in model.stem)
    shapes = {
        "dims": [stage.blocks[0].mlp.fc1.weight.shape[1] for stage in model.stages],
        "depths": [len(stage.blocks) for stage in model.stages],
        "stem": [[list(one.weight.shape), one.stride[0], one.padding[0]] for one in model.stem if isinstance(one, torch.nn.Conv2d)],
        "kernels": [stage.blocks[0].conv_dw.kernel_size[0] for stage in model.stages],
        "convMlp": block.use_conv_mlp,
        "convBias": block.conv_dw.bias is not None,
        "layerScale": block.gamma is not None,
        "grn": bool(named(model, "GlobalResponseNorm")),
        "headHidden": hidden.out_features if hidden is not None else None,
    }
    return "convnext", None, row, shapes


def hierarchical(model):
    first = [0, *[end + 1 for end in model.stage_ends[:-1]]]
    blocks = model.blocks
    row = {
        "heads": [blocks[end].attn.heads for end in model.stage_ends],
        "eps": check_norms(model),
        "act": activation(blocks[0].mlp),
        "pool": model.head.pool_type,
        "queryPools": model.q_pool,
        "queryStride": list(model.q_stride),
        "maskUnit": list(model.mask_unit_size),
        "maskUnitAttention": [blocks[end].attn.use_mask_unit_attn for end in model.stage_ends],
        "depths": [end - start + 1 for start, end in zip(first, model.stage_ends)],
    }
    shapes = {
        "dim": blocks[0].attn.dim,
        "depth": len(blocks),
        "mlpHidden": [blocks[end].mlp.fc2.in_features for end in model.stage_ends],
        "patch": [list(model.patch_embed.proj.kernel_size), list(model.patch_embed.proj.stride), list(model.patch_embed.proj.padding)],
        "absWindow": model.pos_embed_win is not None,
        "positions": list(model.pos_embed.shape),
        "expandProj": blocks[first[1]].proj is not None,
        "layerScale": not isinstance(blocks[0].ls1, torch.nn.Identity),
    }
    return "hiera", None, row, shapes


READERS = {
    vision_transformer.VisionTransformer: vit,
    eva.Eva: dinov3,
    swin_transformer.SwinTransformer: swin,
    swin_transformer_v2.SwinTransformerV2: swin,
    convnext.ConvNeXt: conv,
    hiera.Hiera: hierarchical,
}


def describe(name):
    model = timm.create_model(name, device="meta").eval()
    reader = next(read for kind, read in READERS.items() if isinstance(model, kind))
    family, image, row, shapes = reader(model)
    cfg = model.pretrained_cfg
    size = list(cfg["input_size"])
    if image is None or image == size[1:]:
        image = size[1:]
    else:
        row["pretrainedImage"] = size[1:]  # the weights' own size, while the architecture asks for another
    row = {"family": family, "image": image, **row, "pixels": [cfg[key] for key in PIXELS], "fixedSize": cfg["fixed_input_size"]}
    return {**row, "shapes": shapes}


def main(out):
    names = [name for module in MODULES for name in timm.list_models(module=module)] + timm.list_models("vit_*_dinov3*")
    table, unsupported = {}, {}
    for name in sorted(set(names)):
        try:
            table[name] = describe(name)
        except Unsupported as reason:
            unsupported[name] = str(reason)
    rows = ",\n".join(f"  {json.dumps(name)}: {json.dumps(row)}" for name, row in table.items())
    head = {"made_by": "research/python/dump-timm-architectures.py", "timm": VERSIONS["timm"], "pixels": PIXELS, "unsupported": unsupported}
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(head, indent=1)[:-2] + f',\n "architectures": {{\n{rows}\n }}\n}}\n')
    print(f"{len(table)} architectures, {len(unsupported)} unsupported, {out.stat().st_size} bytes")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else OUT)
