"""Writes models of real size with random weights, as hub folders and as torch's own ONNX export of them. Started by related.mjs.

    python related.py OUT_DIR NAME...       OUT_DIR/NAME/{config.json, model.safetensors, torch.onnx}

Needs torch, timm, transformers, safetensors and onnxscript; research/python/arch_libraries.py says how they are had without torchvision.
"""

import json
import sys
from pathlib import Path

import torch
from safetensors.torch import save_file

sys.path.insert(0, str(Path(__file__).parents[1] / "research/python"))
from arch_libraries import timm, transformers  # noqa: E402
from mpvit import MPViT  # noqa: E402


def of_timm(name):
    return lambda: (timm.create_model(name), {"architecture": name})


def of_transformers(name):
    def make():
        kind = getattr(transformers, name)
        model = kind(kind.config_class())
        return model, model.config.to_dict()

    return make


# One architecture a row. The function returns a model and its config.json; related.mjs names the output that is compared.
FAMILIES = {
    "focalnet_tiny_srf": of_timm("focalnet_tiny_srf"),
    "mpvit_tiny": lambda: (MPViT([64, 96, 176, 216], [2, 3, 3, 3], [1, 2, 4, 1], 2), {"architecture": "mpvit_tiny"}),
    "mvitv2_tiny": of_timm("mvitv2_tiny"),
    "crossvit_15_240": of_timm("crossvit_15_240"),
    "resnet50": of_timm("resnet50"),
    "mobilenetv1_100": of_timm("mobilenetv1_100"),
    "mobilenetv2_100": of_timm("mobilenetv2_100"),
    "mobilenet_v2": of_transformers("MobileNetV2Model"),
}


class Features(torch.nn.Module):
    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, pixel_values):
        if isinstance(self.model, transformers.PreTrainedModel):
            return self.model(pixel_values).last_hidden_state
        features = self.model.forward_features(pixel_values)
        return features[1] if isinstance(features, list | tuple) else features  # CrossViT's main branch


def main(out, names):
    for name in names:
        torch.manual_seed(0)
        model, config = FAMILIES[name]()
        model = model.eval()
        folder = out / name
        folder.mkdir(parents=True)
        (folder / "config.json").write_text(json.dumps(config, default=str))
        save_file({key: value.contiguous().clone() for key, value in model.state_dict().items()}, folder / "model.safetensors")
        side = 240 if name.endswith("_240") else 224
        sample = torch.randn(2, 3, side, side)
        torch.onnx.export(
            Features(model).eval(),
            (sample,),
            folder / "torch.onnx",
            input_names=["pixel_values"],
            output_names=["features"],
            opset_version=20,
            dynamo=True,
            external_data=False,
            dynamic_shapes={"pixel_values": {0: torch.export.Dim("batch")}},
            verbose=False,
        )


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
