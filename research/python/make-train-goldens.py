"""Makes test/fixtures/train: a small ViT's loss, gradients by torch's autograd, and its weights after some steps of torch's optimisers.

    python research/python/make-train-goldens.py        (needs numpy and torch)

cases.json + data.bin as in the other fixtures: numbers are float32, {"dtype", "shape", "offset", "bytes"}.
"""

import json
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

OUT = Path(__file__).parents[2] / "test/fixtures/train"
SHAPE = {"imageSize": 16, "patchSize": 4, "dim": 12, "depth": 2, "heads": 3, "mlpRatio": 2}
DIM, HEADS, BATCH, STEPS = SHAPE["dim"], SHAPE["heads"], 2, 4


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.qkv, self.proj = nn.Linear(DIM, 3 * DIM), nn.Linear(DIM, DIM)

    def forward(self, x):
        b, n, c = x.shape
        q, k, v = self.qkv(x).reshape(b, n, 3, HEADS, c // HEADS).permute(2, 0, 3, 1, 4)
        mixed = ((q @ k.transpose(-1, -2)) / (c // HEADS) ** 0.5).softmax(-1) @ v
        return self.proj(mixed.transpose(1, 2).reshape(b, n, c))


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm1, self.norm2, self.attn = nn.LayerNorm(DIM, 1e-6), nn.LayerNorm(DIM, 1e-6), Attention()
        width = DIM * SHAPE["mlpRatio"]
        self.mlp = nn.Module()
        self.mlp.fc1, self.mlp.fc2 = nn.Linear(DIM, width), nn.Linear(width, DIM)

    def forward(self, x):
        x = x + self.attn(self.norm1(x))
        return x + self.mlp.fc2(F.gelu(self.mlp.fc1(self.norm2(x))))


class ViT(nn.Module):
    """timm's names."""

    def __init__(self):
        super().__init__()
        self.patch_embed = nn.Module()
        self.patch_embed.proj = nn.Conv2d(3, DIM, SHAPE["patchSize"], SHAPE["patchSize"])
        self.cls_token, self.pos_embed = nn.Parameter(torch.zeros(1, 1, DIM)), nn.Parameter(torch.zeros(1, 17, DIM))
        self.blocks = nn.Sequential(*(Block() for _ in range(SHAPE["depth"])))
        self.norm = nn.LayerNorm(DIM, 1e-6)

    def forward(self, x):
        x = self.patch_embed.proj(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.cls_token.expand(len(x), -1, -1), x], 1) + self.pos_embed
        return self.norm(self.blocks(x))


torch.manual_seed(3)
data, size = [], 0


def stored(tensor):
    global size
    array = np.ascontiguousarray(tensor.detach().numpy(), np.float32)
    place = {"dtype": "f32", "shape": list(array.shape), "offset": size, "bytes": array.nbytes}
    data.append(array.tobytes())
    size += array.nbytes
    return place


def named(model, of):
    return {name: stored(of(parameter)) for name, parameter in model.named_parameters()}


def loss_of(model, images, target):
    return ((model(images) - target) ** 2).mean()


model = ViT()
with torch.no_grad():
    for parameter in model.parameters():
        parameter.copy_(torch.randn_like(parameter) * 0.3)
start = {name: value.clone() for name, value in model.state_dict().items()}
images, target = torch.randn(BATCH, 3, 16, 16), torch.randn(BATCH, 17, DIM)
loss = loss_of(model, images, target)
loss.backward()
case = {
    "shape": SHAPE,
    "steps": STEPS,
    "images": stored(images),
    "target": stored(target),
    "parameters": named(model, lambda p: p),
    "loss": loss.item(),
    "gradients": named(model, lambda p: p.grad),
    "length": torch.sqrt(sum((p.grad**2).sum() for p in model.parameters())).item(),
    "after": {},
}


def decays(name, parameter):
    return parameter.ndim > 1 and name not in ("pos_embed", "cls_token")


def groups(decay):
    parts = {True: [], False: []}
    for name, parameter in model.named_parameters():
        parts[decays(name, parameter)].append(parameter)
    return [{"params": parts[True], "weight_decay": decay}, {"params": parts[False], "weight_decay": 0.0}]


optimisers = {
    "adamW": lambda: torch.optim.AdamW(groups(0.05), lr=0.01),
    "sgd": lambda: torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9),
    "adamW, clipped": lambda: torch.optim.AdamW(groups(0.05), lr=0.01),
}
for name, make in optimisers.items():
    model.load_state_dict(start)
    optimiser, losses = make(), []
    average = {key: value.clone() for key, value in start.items()}
    for _ in range(STEPS):
        optimiser.zero_grad()
        loss = loss_of(model, images, target)
        loss.backward()
        losses.append(loss.item())
        if "clipped" in name:
            torch.nn.utils.clip_grad_norm_(model.parameters(), 0.05)
        optimiser.step()
        for key, value in model.state_dict().items():
            average[key] = average[key] * 0.9 + value * 0.1
    case["after"][name] = {
        "losses": losses,
        "parameters": named(model, lambda p: p),
        "average": {key: stored(value) for key, value in average.items()},
    }

OUT.mkdir(parents=True, exist_ok=True)
(OUT / "cases.json").write_text(json.dumps({"torch": torch.__version__, "cases": [case]}, indent=1) + "\n")
(OUT / "data.bin").write_bytes(b"".join(data))
print(f"{size / 1e3:.0f} kB")
