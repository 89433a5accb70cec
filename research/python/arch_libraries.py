"""Imports torch, transformers and timm for the scripts beside this one, on one thread and without fused attention.

Versions 4.57.6 and 1.0.28 made the goldens, 5.18.0 and 1.0.29 those of FocalNet, ResNet and MobileNet.

    pip install torch safetensors transformers==4.57.6 timm==1.0.28

Where pip cannot get all that these ask for they run all the same, transformers with any huggingface_hub and timm without torchvision:
`pip install --target LIBS --no-deps transformers==4.57.6 tokenizers==0.22.2`, timm's folder of that version copied into LIBS, PYTHONPATH=LIBS.
"""

import importlib.metadata
import importlib.util
import sys
import types

import torch

torch.set_num_threads(1)
_version = importlib.metadata.version
if _version("transformers").startswith("4."):  # it refuses a newer huggingface_hub, which does all that is needed here
    importlib.metadata.version = lambda name: "0.36.0" if name.lower().replace("_", "-") == "huggingface-hub" else _version(name)
import transformers  # noqa: E402  (before the stub below, which it must not see)

importlib.metadata.version = _version
transformers.logging.set_verbosity_error()


class _Named(type):
    def __getattr__(cls, name):  # as an enum would: InterpolationMode.BICUBIC
        if name.startswith("__"):
            raise AttributeError(name)
        return name


class _Stub(types.ModuleType):
    """A module in which every name is a class that does nothing: timm imports torchvision for its data pipeline only."""

    __path__ = []

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return _Named(name, (), {})


if importlib.util.find_spec("torchvision") is None:
    for _name in "datasets models models.feature_extraction ops ops.misc transforms transforms.functional utils".split():
        _parent, _, _leaf = f"torchvision.{_name}".rpartition(".")
        sys.modules.setdefault("torchvision", _Stub("torchvision"))
        setattr(sys.modules[_parent], _leaf, sys.modules.setdefault(f"torchvision.{_name}", _Stub(f"torchvision.{_name}")))
import timm  # noqa: E402
import timm.layers  # noqa: E402

timm.layers.set_fused_attn(False)
VERSIONS = {"torch": torch.__version__, "transformers": transformers.__version__, "timm": timm.__version__}
