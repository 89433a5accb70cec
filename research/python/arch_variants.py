"""What make-arch-twins.py makes: one row a folder.

A row of HF: class, config keys, options. A row of TIMM: architecture, model_args, options. Options:
`sizes` other input sizes, `image` the native one where the config does not fix it, `batch`, `classes` (timm), `init` arguments of the hf class,
`dtype` of the stored weights, `short` config.json with only the keys that are not the default, `inside` False: no outputs of single blocks,
`extra` stores the buffers that newer versions only recompute, `old` names swin tensors as timm did before 0.9.
"""


def sizes(*names):
    return {"sizes": names}


def vit(width, depth, heads, patch, image, **more):
    names = ("hidden_size", "num_hidden_layers", "num_attention_heads", "patch_size", "image_size")
    return dict(zip(names, (width, depth, heads, patch, image))) | more


def two_towers(text, vision, **more):
    words = {"hidden_size": 8, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "vocab_size": 20, "max_position_embeddings": 8}
    return {"text_config": words | text, "vision_config": vision} | more


def conv(widths, depths, image, **more):
    return {"hidden_sizes": widths, "depths": depths, "image_size": image} | more


def windows(image, patch, width, depths, heads, window, **more):
    names = ("image_size", "patch_size", "embed_dim", "depths", "num_heads", "window_size")
    return dict(zip(names, (image, patch, width, depths, heads, window))) | more


def units(image, width, depths, heads, **more):
    return {"image_size": image, "embed_dim": width, "depths": depths, "num_heads": heads} | more


def at(height, width):
    return {"image": (height, width)}


def branches(image, widths, depth, heads, **more):
    return {"img_size": image, "img_scale": (1.0, 2 / 3), "embed_dim": widths, "depth": depth, "num_heads": heads} | more


def mvit(image, width, depths, heads, **more):
    return {"img_size": image, "embed_dim": width, "depths": depths, "num_heads": heads} | more


SHORT, F16, BF16, ONE = {"short": True}, {"dtype": "float16"}, {"dtype": "bfloat16"}, {"batch": 1, "inside": False}
BUFFERS, OLD = {"extra": True}, {"extra": True, "old": True}
DECODER = {f"decoder_{key}": value for key, value in vit(16, 1, 2, 0, 0, intermediate_size=24).items() if value}

HF = {
    "vit-small": ("ViTModel", vit(16, 1, 2, 4, 16, intermediate_size=40), sizes("24x24", "8x20")),
    "vit-deep-f16": ("ViTModel", vit(32, 5, 4, 16, 48, intermediate_size=64), sizes("64x48") | F16),
    "vit-rect": ("ViTModel", vit(24, 2, 2, 8, (32, 48), intermediate_size=40, layer_norm_eps=1e-6), {}),
    "vit-no-qkv-bias": ("ViTModel", vit(24, 2, 3, 8, 32, intermediate_size=96, qkv_bias=False, hidden_act="gelu_pytorch_tanh"), {}),
    "vit-no-pooler": ("ViTModel", vit(24, 3, 6, 8, 40, intermediate_size=48), {"init": {"add_pooling_layer": False}} | SHORT | sizes("64x24")),
    "vit-classifier-bf16": ("ViTForImageClassification", vit(40, 2, 5, 16, 64, intermediate_size=80, num_labels=7), SHORT | BF16),
    "vit-simmim": ("ViTForMaskedImageModeling", vit(24, 2, 3, 8, 32, intermediate_size=48, encoder_stride=8), SHORT),
    "vit-pooler-narrow": ("ViTModel", vit(24, 1, 2, 8, 24, intermediate_size=48, pooler_output_size=16, layer_norm_eps=0.01), {}),
    "vit-tiny-224": ("ViTForImageClassification", vit(192, 12, 3, 16, 224, intermediate_size=768, num_labels=10), SHORT | F16 | ONE),
    "deit-small": ("DeiTModel", vit(16, 3, 4, 4, 16, intermediate_size=24), sizes("12x24", "24x24")),
    "deit-classifier": ("DeiTForImageClassification", vit(24, 2, 3, 8, 32, intermediate_size=56, num_labels=6), SHORT),
    "deit-distilled-classifier-f16": ("DeiTForImageClassificationWithTeacher", vit(40, 2, 2, 16, 48, intermediate_size=80, num_labels=9), SHORT | F16),
    "deit-rect": ("DeiTModel", vit(24, 2, 2, 8, (48, 32), intermediate_size=40, qkv_bias=False, layer_norm_eps=0.01), {}),
    "dinov2-patch14": ("Dinov2Model", vit(32, 2, 2, 14, 112, mlp_ratio=4), sizes("56x56", "70x70", "28x42")),
    "dinov2-swiglu-wide": ("Dinov2Model", vit(40, 1, 5, 8, 24, mlp_ratio=4, use_swiglu_ffn=True), sizes("32x32")),
    "dinov2-classifier": ("Dinov2ForImageClassification", vit(24, 2, 3, 8, 32, mlp_ratio=2, num_labels=5), SHORT),
    "dinov2-no-mask-token-f16": ("Dinov2Model", vit(24, 3, 2, 8, 40, mlp_ratio=3, use_mask_token=False, qkv_bias=False), SHORT | F16 | sizes("32x24")),
    "dinov2-eps": ("Dinov2Model", vit(24, 1, 3, 8, 24, layer_norm_eps=0.01, hidden_act="gelu_pytorch_tanh"), {}),
    "dinov2-reg2": ("Dinov2WithRegistersModel", vit(24, 3, 4, 8, 40, mlp_ratio=4, num_register_tokens=2), sizes("24x24", "48x32")),
    "dinov2-reg8-swiglu": ("Dinov2WithRegistersModel", vit(24, 2, 3, 8, 32, num_register_tokens=8, use_swiglu_ffn=True), SHORT | sizes("16x56")),
    "dinov2-reg-classifier-bf16": ("Dinov2WithRegistersForImageClassification", vit(32, 2, 4, 14, 56, mlp_ratio=2, num_labels=6), SHORT | BF16),
    "dinov3-patch16": ("DINOv3ViTModel", vit(32, 3, 2, 16, 64, intermediate_size=64, num_register_tokens=2), sizes("48x80", "32x32")),
    "dinov3-gated-f16": ("DINOv3ViTModel", vit(48, 2, 3, 8, 32, intermediate_size=40, use_gated_mlp=True, hidden_act="silu", num_register_tokens=4), sizes("24x40") | F16),
    "dinov3-no-registers": ("DINOv3ViTModel", vit(24, 2, 2, 8, 40, intermediate_size=48, num_register_tokens=0, layer_norm_eps=0.01), SHORT),
    "dinov3-other-biases": (
        "DINOv3ViTModel",
        vit(32, 2, 4, 8, 32, intermediate_size=48, query_bias=False, key_bias=True, value_bias=False, mlp_bias=False, proj_bias=False, rope_theta=50.0),
        SHORT | sizes("64x16"),
    ),
    "dinov3-gated-no-bias": ("DINOv3ViTModel", vit(32, 2, 2, 8, 32, intermediate_size=40, use_gated_mlp=True, hidden_act="silu", mlp_bias=False), BF16),
    "clip-vision": ("CLIPVisionModel", vit(24, 3, 2, 8, 40, intermediate_size=96, hidden_act="gelu"), sizes("32x32", "48x24")),
    "clip-vision-short-f16": ("CLIPVisionModel", vit(40, 2, 5, 14, 56, intermediate_size=80, layer_norm_eps=0.01), SHORT | F16),
    "clip-projection-gelu": ("CLIPVisionModelWithProjection", vit(32, 1, 4, 16, 64, intermediate_size=64, hidden_act="gelu", projection_dim=20), SHORT),
    "clip-full-quickgelu": ("CLIPModel", two_towers({}, vit(32, 2, 4, 8, 24, intermediate_size=64), projection_dim=12), SHORT | BUFFERS),
    "clip-full-gelu-f16": (
        "CLIPModel",
        two_towers({"hidden_act": "gelu"}, vit(24, 3, 2, 8, 40, intermediate_size=72, hidden_act="gelu"), projection_dim=20),
        SHORT | F16 | sizes("24x48"),
    ),
    "siglip-patch16": ("SiglipVisionModel", vit(32, 3, 2, 16, 48, intermediate_size=80), sizes("64x64", "32x48")),
    "siglip-full-short": ("SiglipModel", two_towers({}, vit(24, 1, 4, 8, 40, intermediate_size=40)), SHORT | F16),
    "siglip-no-head": ("SiglipVisionModel", vit(24, 2, 3, 8, 32, intermediate_size=48, vision_use_head=False), SHORT),
    "siglip-gelu-eps": ("SiglipVisionModel", vit(24, 2, 2, 14, 42, intermediate_size=60, hidden_act="gelu", layer_norm_eps=0.01), sizes("56x28")),
    "siglip2-full-bf16": (
        "SiglipModel",
        two_towers({"vocab_size": 50, "projection_size": 36}, vit(36, 2, 2, 16, 64, intermediate_size=72)),
        SHORT | BF16 | sizes("80x48"),
    ),
    "mae-deep": ("ViTMAEForPreTraining", vit(32, 4, 4, 16, 64, intermediate_size=64, **DECODER), SHORT | F16 | sizes("48x80")),
    "mae-encoder": ("ViTMAEModel", vit(24, 2, 2, 8, 32, intermediate_size=72, qkv_bias=False, layer_norm_eps=0.01), sizes("16x48")),
    "convnext-wide": ("ConvNextModel", conv([12, 16, 20, 40], [2, 1, 3, 1], 64), at(64, 64) | sizes("40x72")),
    "convnext-classifier-f16": ("ConvNextForImageClassification", conv([8, 16, 24, 32], [1, 1, 1, 2], 48, num_labels=4), at(48, 48) | SHORT | F16),
    "convnext-three-stages": ("ConvNextModel", conv([8, 12, 24], [1, 2, 1], 32, num_stages=3, patch_size=2, layer_norm_eps=0.01), at(24, 36)),
    "convnext-no-layer-scale": ("ConvNextModel", conv([8, 12, 16, 24], [1, 1, 2, 1], 40, layer_scale_init_value=0, hidden_act="gelu_new"), at(50, 66) | SHORT),
    "convnextv2": ("ConvNextV2Model", conv([8, 12, 16, 24], [1, 1, 2, 1], 40), at(40, 56) | sizes("64x32")),
    "convnextv2-classifier-bf16": ("ConvNextV2ForImageClassification", conv([8, 12, 20, 32], [2, 1, 1, 1], 64, num_labels=5, layer_norm_eps=0.01), at(64, 64) | SHORT | BF16),
    "swin-four-stages": ("SwinModel", windows(64, 4, 8, [1, 2, 2, 1], [1, 2, 4, 8], 2), sizes("48x80")),
    "swin-rect-pad": ("SwinModel", windows((40, 56), 4, 12, [2, 2], [3, 2], 4, mlp_ratio=2.0), {}),
    "swin-odd-pad-eps": ("SwinModel", windows((58, 44), 4, 8, [2, 2, 2], [2, 2, 4], 3, qkv_bias=False, layer_norm_eps=0.01), SHORT | sizes("70x51")),
    "swin-low-wide": ("SwinModel", windows((16, 64), 4, 8, [2], [2], 4), SHORT),
    "swin-classifier-f16": ("SwinForImageClassification", windows(56, 2, 8, [2, 2, 1], [2, 4, 8], 7, num_labels=6), SHORT | F16),
    "swin-simmim": ("SwinForMaskedImageModeling", windows(48, 2, 8, [2, 2], [1, 2], 6, encoder_stride=4), SHORT),
    "swinv2-four-stages": ("Swinv2Model", windows(64, 4, 8, [1, 2, 2, 1], [1, 2, 4, 8], 2), sizes("48x80")),
    "swinv2-rect-pad-pretrained": ("Swinv2Model", windows((40, 56), 4, 12, [2, 2], [3, 2], 4, pretrained_window_sizes=[6, 3]), {}),
    "swinv2-tall-narrow": ("Swinv2Model", windows((64, 24), 4, 8, [2, 2], [1, 2], 8), SHORT | BUFFERS),
    "swinv2-low-wide": ("Swinv2Model", windows((24, 64), 4, 8, [2, 2], [1, 2], 8), SHORT),
    "swinv2-odd-pad-eps": ("Swinv2Model", windows((58, 44), 4, 8, [2, 2, 2], [2, 2, 4], 3, qkv_bias=False, layer_norm_eps=0.01), SHORT),
    "swinv2-classifier-f16": (
        "Swinv2ForImageClassification",
        windows(64, 2, 8, [2, 2, 1], [2, 4, 8], 8, num_labels=6, pretrained_window_sizes=[6, 6, 3]),
        SHORT | F16,
    ),
    "hiera-deep": ("HieraModel", units([64, 64], 8, [1, 2, 3, 1], [1, 2, 4, 8], mlp_ratio=3.0), sizes("96x64")),
    "hiera-small-units": (
        "HieraModel",
        units([48, 64], 12, [2, 2, 1], [2, 4, 8], masked_unit_size=[4, 4], num_query_pool=2, masked_unit_attention=[True, False, False], layer_norm_eps=0.01),
        {},
    ),
    "hiera-one-pool": (
        "HieraModel",
        units([32, 32], 8, [1, 2], [1, 2], masked_unit_size=[4, 4], num_query_pool=1, masked_unit_attention=[True, True]),
        SHORT,
    ),
    # fewer pools than stages: the tokens stay in the order of the units, last_hidden_state too
    "hiera-unit-order": (
        "HieraModel",
        units([48, 32], 8, [1, 2, 1], [1, 2, 4], masked_unit_size=[4, 4], num_query_pool=1, masked_unit_attention=[True, True, False]),
        SHORT,
    ),
    "hiera-classifier-f16": ("HieraForImageClassification", units([64, 96], 8, [1, 1, 2, 1], [2, 4, 8, 16], num_labels=7), SHORT | F16),
    "hiera-mae": (
        "HieraForPreTraining",
        units([64, 64], 8, [1, 1, 2, 1], [1, 2, 4, 8], decoder_hidden_size=16, decoder_depth=1, decoder_num_heads=2, mask_ratio=0.5),
        SHORT,
    ),
}

CONTEXTS = {"mlp_ratio": 2.0, "focal_levels": [2, 1, 3, 2], "focal_windows": [3, 5, 3, 3]}
HF |= {
    "focalnet": ("FocalNetModel", {"image_size": 40, "embed_dim": 4, "depths": [1, 2, 1]} | CONTEXTS, sizes("52x42")),
    "focalnet-classifier": (
        "FocalNetForImageClassification",
        {"image_size": 32, "embed_dim": 8, "depths": [1, 1], "num_labels": 3, "use_conv_embed": True, "use_layerscale": True, "use_post_layernorm": True}
        | {"use_post_layernorm_in_modulation": True, "normalize_modulator": True, "hidden_act": "gelu_new", "layer_norm_eps": 1e-3},
        SHORT | sizes("26x37"),
    ),
}

HF |= {
    "resnet": ("ResNetModel", {"embedding_size": 4, "hidden_sizes": [8, 12, 16], "depths": [1, 2, 1], "hidden_act": "gelu"}, at(24, 24) | sizes("21x35")),
    "resnet-basic-classifier": (
        "ResNetForImageClassification",
        {"embedding_size": 4, "hidden_sizes": [4, 6], "depths": [1, 2], "layer_type": "basic", "downsample_in_first_stage": True, "num_labels": 3},
        at(32, 48) | SHORT | sizes("18x5"),
    ),
    "resnet-stride-first": (
        "ResNetModel",
        {"embedding_size": 4, "hidden_sizes": [8, 8, 12, 16], "depths": [1, 1, 2, 1], "downsample_in_bottleneck": True},
        at(64, 64) | SHORT | BF16,
    ),
}

THIN = {"depth_multiplier": 0.07, "min_depth": 2}
HF |= {
    "mobilenetv1": ("MobileNetV1Model", {"image_size": 24} | THIN, sizes("21x13") | {"batch": 1} | BF16),
    "mobilenetv1-classifier": (
        "MobileNetV1ForImageClassification",
        {"image_size": 48, "tf_padding": False, "hidden_act": "relu", "layer_norm_eps": 1e-5, "num_labels": 3} | THIN,
        SHORT | sizes("37x29") | BF16,
    ),
    "mobilenetv2": (
        "MobileNetV2Model",
        {"image_size": 24, "depth_divisible_by": 2, "first_layer_is_expansion": False, "finegrained_output": False, "expand_ratio": 3.0} | THIN,
        sizes("21x13") | {"batch": 1},
    ),
    "mobilenetv2-classifier-f16": (
        "MobileNetV2ForImageClassification",
        {"image_size": 48, "depth_divisible_by": 2, "tf_padding": False, "num_labels": 3} | THIN,
        SHORT | F16 | sizes("33x50"),
    ),
    "mobilenetv2-segmentation": (
        "MobileNetV2Model",
        {"image_size": 48, "depth_divisible_by": 2, "output_stride": 8, "finegrained_output": False} | THIN,
        SHORT | sizes("41x52"),
    ),
}


def small(width, depth, heads, patch, image, **more):
    return dict(zip(("embed_dim", "depth", "num_heads", "patch_size", "img_size"), (width, depth, heads, patch, image))) | more


def stages(width, depths, heads, window, image, **more):
    names = ("embed_dim", "depths", "num_heads", "window_size", "img_size")
    return dict(zip(names, (width, depths, heads, window, image))) | more


def classes(count):
    return {"classes": count}


def units_timm(image, width, heads, depths, **more):
    return {"img_size": image, "embed_dim": width, "num_heads": heads, "stages": depths} | more


TIMM = {
    # the architecture as it is, nothing overridden: config.json has no model_args
    "vit-named-test": ("test_vit", {}, sizes("64x96")),
    "vit-named-test-other-size": ("test_vit", {}, at(96, 64) | classes(4)),  # by pretrained_cfg.input_size alone
    "vit-named-test-size-argument": ("test_vit", {"img_size": 96}, classes(4)),
    "vit-named-test2": ("test_vit2", {}, {}),
    "vit-named-test3": ("test_vit3", {}, F16),
    "vit-named-tiny": ("vit_tiny_patch16_224", {}, F16 | ONE),
    "deit-named-tiny-distilled": ("deit_tiny_distilled_patch16_224", {}, BF16 | ONE),
    "convnext-named-test": ("test_convnext", {}, sizes("64x96")),
    "convnext-named-test3": ("test_convnext3", {}, {}),
    "convnext-named-atto": ("convnext_atto", {}, F16 | ONE),
    "convnextv2-named-atto": ("convnextv2_atto", {}, F16 | ONE),
    # small ones
    "vit-heads-from-name": ("vit_small_patch16_224", {"embed_dim": 24, "depth": 2, "patch_size": 8, "img_size": 32}, classes(3)),
    "vit-rect": ("vit_small_patch16_224", small(32, 3, 2, 16, (48, 80), mlp_ratio=2.0), sizes("64x64", "32x48") | classes(7)),
    "vit-headless-f16": ("vit_base_patch32_224", small(24, 2, 4, 8, 40), sizes("32x24") | F16),
    "vit-avg": ("vit_base_patch16_224", small(24, 2, 3, 8, 32, global_pool="avg"), sizes("48x32") | classes(5)),
    "vit-avg-final-norm": ("vit_base_patch16_224", small(24, 2, 3, 8, 32, global_pool="avg", fc_norm=False, qkv_bias=False), classes(5)),
    "vit-no-class-token": ("vit_base_patch16_gap_224", small(24, 2, 3, 8, 32), classes(5) | sizes("16x40")),
    "vit-no-qkv-bias": ("vit_base_patch16_224_miil", small(24, 2, 3, 8, 32), classes(5)),
    "vit-reg4-gap": ("vit_medium_patch16_reg4_gap_256", small(24, 2, 3, 8, 32), classes(5) | sizes("40x24")),
    "vit-so150m-map": ("vit_so150m_patch16_reg4_map_256", small(24, 2, 3, 8, 32), {}),
    "vit-intern-no-norm": ("vit_intern300m_patch14_448", small(28, 2, 2, 14, 56), {}),
    "vit-flexi": ("flexivit_small", small(24, 2, 3, 8, 40), classes(4)),
    "vit-eva-large": ("eva_large_patch14_196", small(32, 2, 4, 14, 56), classes(4)),
    "vit-tips": ("vit_base_patch14_reg1_tipsv2", small(32, 2, 2, 14, 56), sizes("42x70")),
    "vit-layer-scale-registers": ("vit_small_patch16_224", small(24, 2, 2, 8, 32, init_values=0.1, reg_tokens=3, no_embed_class=True), BF16),
    "vit-registers-with-positions": ("vit_small_patch16_224", small(24, 2, 2, 8, 32, reg_tokens=2, dynamic_img_size=True), sizes("24x40")),
    "deit": ("deit_small_patch16_224", small(32, 2, 4, 8, 24, mlp_ratio=3.0), classes(4)),
    "deit-distilled-f16": ("deit_small_distilled_patch16_224", small(40, 3, 5, 16, 64), classes(6) | F16 | sizes("48x80")),
    "deit-distilled-headless": ("deit_base_distilled_patch16_224", small(24, 2, 3, 8, 32), {}),
    "deit3-large": ("deit3_large_patch16_224", small(32, 2, 2, 16, 48), sizes("64x32")),
    "dinov2-base": ("vit_base_patch14_dinov2", small(32, 2, 4, 14, 112), sizes("56x56", "42x70")),
    "dinov2-reg4-avg": ("vit_base_patch14_reg4_dinov2", small(24, 1, 2, 8, 40, global_pool="avg"), sizes("32x24") | classes(3)),
    "dinov2-giant-reg4": ("vit_giant_patch14_reg4_dinov2", small(48, 2, 4, 8, 32), sizes("48x48") | BF16),
    "dinov3-base": ("vit_base_patch16_dinov3", small(48, 3, 4, 16, 64), sizes("48x80", "32x32")),
    "dinov3-token": ("vit_large_patch16_dinov3", small(32, 2, 2, 8, 40, global_pool="token"), F16),
    "dinov3-qkvb": ("vit_small_patch16_dinov3_qkvb", small(32, 2, 2, 8, 32, mlp_ratio=3.0), sizes("24x40")),
    "dinov3-swiglu-qkvb": ("vit_huge_plus_patch16_dinov3_qkvb", small(40, 2, 5, 8, 32), classes(4)),
    "dinov3-7b": ("vit_7b_patch16_dinov3", small(48, 2, 3, 8, 24), BF16),
    "clip-large": ("vit_large_patch14_clip_224", small(32, 2, 2, 14, 56), classes(12) | sizes("70x42")),
    "clip-headless": ("vit_huge_patch14_clip_224", small(40, 2, 2, 14, 42), BF16),
    "clip-quickgelu-f16": ("vit_base_patch16_clip_quickgelu_224", small(24, 3, 4, 16, 48), classes(20) | F16 | sizes("32x64")),
    "siglip-large": ("vit_large_patch16_siglip_256", small(32, 2, 4, 16, 64), sizes("48x80")),
    "siglip-large-512-tanh": ("vit_large_patch16_siglip_512", small(32, 2, 4, 16, 64), F16),
    "siglip-so400m-patch14": ("vit_so400m_patch14_siglip_384", small(40, 2, 5, 14, 56, mlp_ratio=2.5), sizes("70x70")),
    "siglip-so400m-patch16-tanh": ("vit_so400m_patch16_siglip_256", small(36, 2, 3, 16, 48), classes(4)),
    "siglip-gap": ("vit_base_patch16_siglip_gap_224", small(24, 2, 3, 8, 32), sizes("40x24")),
    "mae-large": ("vit_large_patch16_224", small(32, 2, 2, 16, 48), F16),
    "convnext-small": ("convnext_small", {"depths": [2, 1, 3, 1], "dims": [8, 16, 24, 40]}, at(64, 48) | classes(6) | sizes("40x72")),
    "convnext-convmlp-f16": ("convnext_nano", {"depths": [1, 2, 1, 1], "dims": [12, 16, 20, 24]}, at(48, 48) | classes(5) | F16),
    "convnext-overlap-stem": ("convnext_nano_ols", {"depths": [1, 1, 1, 1], "dims": [16, 16, 24, 32]}, at(50, 70) | classes(5)),
    "convnext-head-norm-first": ("convnext_tiny_hnf", {"depths": [1, 1, 2, 1], "dims": [8, 12, 16, 24]}, at(64, 40) | classes(5)),
    "convnext-head-mlp": ("convnext_large_mlp", {"depths": [1, 1, 2, 1], "dims": [8, 12, 16, 24], "head_hidden_size": 20}, at(64, 64) | classes(5)),
    "convnext-xxlarge": ("convnext_xxlarge", {"depths": [1, 1, 2, 1], "dims": [8, 12, 16, 24]}, at(64, 64)),
    "convnextv2": ("convnextv2_tiny", {"depths": [1, 1, 2, 1], "dims": [8, 12, 16, 24]}, at(40, 40) | classes(5) | sizes("64x32")),
    "convnextv2-convmlp": ("convnextv2_femto", {"depths": [1, 2, 1, 1], "dims": [8, 12, 16, 24]}, at(56, 40) | BF16),
    "swin-rect": ("swin_base_patch4_window7_224", stages(8, [1, 2, 2], [1, 2, 4], 4, (64, 96)), classes(5)),
    "swin-four-stages-pad": ("swin_small_patch4_window7_224", stages(8, [1, 2, 2, 1], [2, 2, 4, 8], 3, 72), classes(6) | F16),
    "swin-odd-pad": ("swin_tiny_patch4_window7_224", stages(8, [2, 2, 2], [1, 2, 4], 4, (60, 76)), classes(5)),
    "swin-low-wide": ("swin_large_patch4_window12_384", stages(8, [2, 2], [1, 2], 8, (32, 96)), classes(5)),
    "swin-old-file": ("swin_tiny_patch4_window7_224", stages(8, [2, 2, 1], [1, 2, 4], 4, 64), classes(5) | OLD),
    "swin-windows-per-stage": ("swin_s3_tiny_224", stages(8, [2, 2, 2, 1], [1, 2, 4, 8], [4, 2, 4, 2], 64), classes(5)),
    "swinv2-window": ("swinv2_small_window16_256", stages(12, [1, 2, 2], [3, 2, 4], 4, 64), classes(5)),
    "swinv2-low-wide": ("swinv2_base_window8_256", stages(8, [2, 2], [1, 2], 8, (16, 64)), classes(5)),
    "swinv2-shift-one-axis": ("swinv2_base_window8_256", stages(8, [2, 2], [1, 2], 8, (32, 128)), classes(5)),
    "swinv2-unshifted-pad": ("swinv2_tiny_window8_256", stages(8, [1, 1, 1], [1, 2, 4], 4, (72, 56)), classes(5)),
    "swinv2-old-file": ("swinv2_tiny_window8_256", stages(8, [2, 2], [1, 2], 4, 64), classes(5) | OLD),
    "swinv2-pretrained-rect": (
        "swinv2_large_window12to24_192to384",
        stages(8, [2, 2], [1, 2], 4, (64, 96), pretrained_window_sizes=[2, 3]),
        classes(5) | F16,
    ),
    "hiera-base": ("hiera_base_224", units_timm((64, 64), 8, 1, [1, 2, 3, 1]), classes(5)),
    "hiera-base-plus-f16": ("hiera_base_plus_224", units_timm((96, 64), 12, 2, [2, 1, 2, 1]), F16),
    "hiera-two-pools": (
        "hiera_large_224",
        units_timm((64, 32), 8, 2, [1, 2, 2], q_pool=2, mask_unit_size=(4, 4), mask_unit_attn=(True, False, False)),
        classes(5),
    ),
    "hiera-unit-order": (
        "hiera_large_224",
        units_timm((48, 32), 8, 2, [1, 2, 1], q_pool=1, mask_unit_size=(4, 4), mask_unit_attn=(True, True, False)),
        classes(5),
    ),
    "hiera-abswin-classifier": ("hiera_small_abswin_256", units_timm((64, 32), 8, 2, [1, 1, 2, 1], global_pos_size=(3, 5)), classes(5)),
    "crossvit-fusion-layers": ("crossvit_tiny_240", branches(48, [8, 12], [[1, 1, 2], [2, 3, 1]], [2, 3]), classes(4) | sizes("30x50")),
    "crossvit-fusion-crop": ("crossvit_small_240", branches(72, [8, 16], [[1, 2, 3]], [4, 2], crop_scale=True), sizes("77x81", "90x60", "64x64")),
    "crossvit-crop-half": ("crossvit_base_240", branches(64, [8, 16], [[1, 1, 0]], [2, 2], crop_scale=True, img_scale=(0.75, 0.5)), classes(3) | sizes("53x37", "64x51")),
    "crossvit-avg": ("crossvit_15_240", branches(48, [12, 24], [[1, 1, 0]], [6, 6], global_pool="avg", mlp_ratio=(1, 2, 4)), classes(5) | F16),
    "crossvit-dagger-408": ("crossvit_15_dagger_408", branches(72, [8, 12], [[1, 1, 0]], [2, 3], img_scale=(0.5, 2 / 3)), classes(3) | sizes("80x40")),
    "crossvit-patches-8-16": ("crossvit_9_240", branches((48, 64), [8, 12], [[1, 1, 0]], [2, 3], patch_size=(8, 16), img_scale=(1.0, 1.0), qkv_bias=False), sizes("40x64")),
    "crossvit-named-9": ("crossvit_9_240", {}, F16 | ONE | sizes("224x300")),
    "crossvit-named-9-dagger": ("crossvit_9_dagger_240", {}, F16 | ONE),
    "mvitv2-large-expands-mlp": ("mvitv2_large", mvit(32, 8, [1, 1, 2, 1], 1, mlp_ratio=1.0), classes(5) | sizes("64x64")),
    "mvitv2-large-three-stages": ("mvitv2_large", mvit(48, 8, [2, 1, 2], 1, global_pool=""), sizes("96x96")),
    "mvitv2-large-cls": ("mvitv2_large_cls", mvit(32, 6, [1, 1, 1, 1], 1, mlp_ratio=2.0), classes(3) | sizes("64x64", "96x96")),
    "mvitv2-cls-avg": ("mvitv2_small_cls", mvit(32, 6, [2, 1, 1, 2], 1, global_pool="avg"), classes(4) | F16),
    "mvitv2-two-stages": ("mvitv2_base", mvit(32, 8, [2, 2], 2, mlp_ratio=2.0, qkv_bias=False), classes(4) | sizes("64x64", "16x16")),
    "mvitv2-named-tiny": ("mvitv2_tiny", {}, F16 | ONE | sizes("160x160")),
    "hiera-abswin-proj": ("hiera_base_abswin_256", units_timm((64, 64), 8, 1, [1, 2, 1, 1]), BF16),
}
NARROW = {"embed_dim": 8, "mlp_ratio": 2.0}
TIMM |= {
    "focalnet": ("focalnet_tiny_lrf", {"depths": [1, 1, 1], "embed_dim": 4, "mlp_ratio": 3.0}, at(32, 48) | classes(3) | sizes("43x38")),
    "focalnet-huge": ("focalnet_huge_fl3", {"depths": [1, 1], "normalize_modulator": True} | NARROW, at(32, 32) | sizes("51x30")),
    "focalnet-named-tiny": ("focalnet_tiny_srf", {}, F16 | ONE),
    "resnet-basic": ("resnet18", {"channels": [4, 6, 8, 10], "layers": [1, 2, 1, 1]}, at(32, 32) | classes(3) | sizes("39x27") | ONE),
    "resnet-deep": (
        "resnet50d",
        {"channels": [2, 3, 4, 5], "layers": [1, 1, 2, 1], "stem_width": 4, "act_layer": "silu"},
        at(32, 40) | sizes("33x35") | {"batch": 1},
    ),
    "resnet-groups": ("resnext50_32x4d", {"channels": [4, 4, 8, 8], "layers": [1, 1, 2, 1], "cardinality": 2, "base_width": 32}, at(64, 64) | classes(5)),
    "resnet-tiered": ("resnet14t", {"channels": [2, 2, 3, 4], "stem_width": 8, "down_kernel_size": 3, "avg_down": False}, at(40, 40) | F16),
    "resnet-named-test": ("test_resnet", {}, F16 | ONE),
    "mobilenetv1": ("mobilenetv1_100", {"channel_multiplier": 0.05}, at(24, 24) | classes(3) | sizes("21x13") | {"batch": 1}),
    "mobilenetv1-head": ("mobilenetv1_100h", {"channel_multiplier": 0.1, "num_features": 24, "act_layer": "silu"}, at(48, 32) | F16),
    "mobilenetv2": ("mobilenetv2_100", {"channel_multiplier": 0.05, "num_features": 24}, at(24, 24) | classes(3) | sizes("21x13") | {"batch": 1} | F16),
    "mobilenetv2-deep": ("mobilenetv2_110d", {"channel_multiplier": 0.1, "num_features": 24, "bn_eps": 1e-3}, at(48, 48) | BF16),
    "mobilenetv2-named": ("mobilenetv2_035", {}, F16 | ONE),
}
