"""Writes test/models/convnet-architectures.json: what timm's names of ResNets and MobileNets decide and no tensor shape of the checkpoint shows.

    python research/python/dump-convnet-architectures.py        (needs arch_libraries.py beside it; some seconds, on torch's meta device)

`unsupported` are the other names of the same modules that begin alike, each of another architecture.
"""

import json
import re
from pathlib import Path

import torch
from arch_libraries import VERSIONS, timm

OUT = Path(__file__).parents[2] / "test/models/convnet-architectures.json"
SUPPORTED = {
    "resnet": r"(wide_)?resnet(10|14|18|26|34|50|101|152|200)[cdst]?(_2)?$|resnext(50|101)d?_\d+x\d+d$|test_resnet$",
    "mobilenetv1": r"mobilenetv1_\d+h?$",
    "mobilenetv2": r"mobilenetv2_\d+d?$",
}


def describe(name):
    model = timm.create_model(name, device="meta").eval()
    modules = list(model.modules())
    acts = sorted({type(one).__name__ for one in modules if type(one).__name__ in ("ReLU", "ReLU6", "SiLU", "GELU")})
    return {
        "image": list(model.pretrained_cfg["input_size"][1:]),
        "act": acts,
        "eps": sorted({one.eps for one in modules if isinstance(one, torch.nn.BatchNorm2d)}),
        "pool": model.global_pool.pool_type,
    }


def main():
    names = [name for name in timm.list_models() if re.match(r"(wide_|tv_|test_)?res?ne[tx]|resnext|mobilenetv[12]", name)]
    table, unsupported = {}, []
    for name in names:
        family = next((family for family, pattern in SUPPORTED.items() if re.match(pattern, name)), None)
        if family:
            table[name] = {"family": family, **describe(name)}
        else:
            unsupported.append(name)
    rows = ",\n".join(f"  {json.dumps(name)}: {json.dumps(row)}" for name, row in table.items())
    head = {"made_by": "research/python/dump-convnet-architectures.py", "timm": VERSIONS["timm"], "unsupported": unsupported}
    OUT.write_text(json.dumps(head, indent=1)[:-2] + f',\n "architectures": {{\n{rows}\n }}\n}}\n')
    print(f"{len(table)} architectures, {len(unsupported)} unsupported, {OUT.stat().st_size} bytes")


if __name__ == "__main__":
    main()
