"""Loads a folder with config.json and model.safetensors as transformers or timm does, and gives its outputs by the names of the golden fixtures."""

import copy
import dataclasses
import inspect
import json
import sys

import torch
from arch_libraries import timm, transformers
from safetensors.torch import load_file
from timm.models._hub import load_model_config_from_path


def create(name, arguments, **more):
    """timm's model of an architecture with other arguments, those too that the architecture's own function fixes."""
    if name.startswith("mvitv2"):
        return create_mvit(name, arguments, more)
    module = sys.modules[timm.model_entrypoint(name).__module__]
    multiplier = arguments.get("channel_multiplier")
    norms = {key: value for key, value in arguments.items() if key.startswith("bn_")}  # these the function turns into layers
    arguments = {key: value for key, value in arguments.items() if key != "channel_multiplier" and key not in norms}

    def build(model, *rest, **given):
        return known["build_model_with_cfg"](model, *rest, **(given | arguments))

    def generate(maker):
        return lambda variant, factor, **given: maker(variant, factor if multiplier is None else multiplier, **(given | norms))

    known = {key: value for key, value in vars(module).items() if key == "build_model_with_cfg" or key.startswith("_gen_mobilenet_v")}
    vars(module).update({key: build if key == "build_model_with_cfg" else generate(value) for key, value in known.items()})
    try:
        return timm.create_model(name, **more)
    finally:
        vars(module).update(known)


def create_mvit(name, arguments, more):
    """MViTv2, whose arguments timm keeps in a table."""
    module = sys.modules["timm.models.mvitv2"]
    known = module.model_cfgs[name]
    fields = [field.name for field in dataclasses.fields(known)]
    own = {key: value for key, value in arguments.items() if key in fields}
    module.model_cfgs[name] = dataclasses.replace(known, stride_kv=None, **own) if own else known
    try:
        return timm.create_model(name, **more, **{key: value for key, value in arguments.items() if key not in own})
    finally:
        module.model_cfgs[name] = known


def load(folder):
    """The model of a folder as its own library loads it, in float32."""
    config = json.loads((folder / "config.json").read_text())
    if "architecture" in config:
        cfg, name, arguments = load_model_config_from_path(folder)
        model = create(name, arguments or {}, pretrained_cfg=cfg)
        tensors = load_file(folder / "model.safetensors")
        if "head.weight" in tensors and "Swin" in type(model).__name__:
            tensors = sys.modules[type(model).__module__].checkpoint_filter_fn(tensors, model)
        model.load_state_dict(tensors, strict=True)
        return model.float().eval()
    kind = getattr(transformers, config["architectures"][0])
    model, info = kind.from_pretrained(folder, attn_implementation="eager", dtype=torch.float32, output_loading_info=True)
    model.missing = info["missing_keys"]
    return model.float().eval()


def run_timm(model, pixels, native, inside):
    model = copy.deepcopy(model)
    if not native:
        model = with_other_size(model, tuple(pixels.shape[-2:]))
    features = model.forward_features(pixels)
    out = {"pre_logits": model.forward_head(features, pre_logits=True), "output": model(pixels)}
    if isinstance(features, list):  # CrossViT: a feature set for each branch
        out |= {f"forward_features.{i}": one for i, one in enumerate(features)}
        if inside:
            hooks = [block.register_forward_hook(lambda _, inputs, made, i=i: out.update({f"blocks.{i}.{b}": one for b, one in enumerate(made)})) for i, block in enumerate(model.blocks)]
            model.forward_features(pixels)
            for hook in hooks:
                hook.remove()
        return out
    out["forward_features"] = features
    if inside:
        vit = "return_prefix_tokens" in inspect.signature(model.forward_intermediates).parameters
        maps = model.forward_intermediates(pixels, intermediates_only=True, **({"return_prefix_tokens": True} if vit else {}))
        for i, one in enumerate(maps):
            pair = one if isinstance(one, tuple) else (one, None)
            out[f"intermediates.{i}"] = pair[0]
            if pair[1] is not None and pair[1].shape[1]:
                out[f"intermediates_prefix.{i}"] = pair[1]
    return out


def with_other_size(model, size):
    """The same weights at another size: built with dynamic_img_size=True, or (MViTv2) for that size, its tables resized; ConvNeXt and CrossViT take any."""
    if not hasattr(model, "patch_embed") or hasattr(model, "img_size_scaled"):
        return model
    double = next(model.parameters()).dtype == torch.float64
    if type(model).__name__ == "MultiScaleVit":
        twin = create(model.build["name"], {**model.build["arguments"], "img_size": size}, pretrained_cfg=model.build["cfg"])
        fresh = twin.state_dict()
        tensors = model.state_dict()
        for key, table in tensors.items():
            if "rel_pos" in key and len(table) != len(fresh[key]):
                tensors[key] = torch.nn.functional.interpolate(table.T[None], len(fresh[key]), mode="linear")[0].T
        twin.load_state_dict(tensors)
        return (twin.double() if double else twin).eval()
    twin = timm.create_model(model.build["name"], pretrained_cfg=model.build["cfg"], **{**model.build["arguments"], "dynamic_img_size": True})
    twin.load_state_dict(model.state_dict())
    return (twin.double() if double else twin).eval()


def run_hf(model, pixels, native, inside):
    model = copy.deepcopy(model)  # swin keeps the window size of the smallest image it has seen
    kind, out = type(model).__name__, {}
    resizes = "interpolate_pos_encoding" in inspect.signature(model.forward).parameters
    more = {"interpolate_pos_encoding": True} if resizes and not native else {}
    if kind.startswith("ViTMAE"):
        model.config.mask_ratio = 0.0
        patch = model.config.patch_size
        more["noise"] = torch.arange(pixels.shape[2] // patch * (pixels.shape[3] // patch)).repeat(len(pixels), 1).to(pixels)
    if kind == "HieraForPreTraining":
        model.hiera.embeddings.patch_embeddings.is_mae = False  # no masking
    body = model.vision_model if kind in ("CLIPModel", "SiglipModel") else getattr(model, model.base_model_prefix, model)
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
