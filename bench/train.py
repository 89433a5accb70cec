"""A training step of DeiT-Tiny in PyTorch, run when asked: one line in, one line of JSON out. Started by train.mjs.

Forward, backward and AdamW on a fixed batch; the loss is the mean square of the tokens less a target.
"""

import argparse
import json
import sys
import time

import torch
import torch.nn.functional as F
from torch import nn


class Block(nn.Module):
    def __init__(self, dim, heads):
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(dim, 1e-6), nn.LayerNorm(dim, 1e-6)
        self.qkv, self.proj = nn.Linear(dim, 3 * dim), nn.Linear(dim, dim)
        self.fc1, self.fc2 = nn.Linear(dim, 4 * dim), nn.Linear(4 * dim, dim)

    def forward(self, x):
        b, n, c = x.shape
        q, k, v = self.qkv(self.norm1(x)).reshape(b, n, 3, self.heads, c // self.heads).permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(q, k, v)  # torch's fastest
        x = x + self.proj(mixed.transpose(1, 2).reshape(b, n, c))
        return x + self.fc2(F.gelu(self.fc1(self.norm2(x))))


class ViT(nn.Module):
    def __init__(self, dim=192, depth=12, heads=3):
        super().__init__()
        self.patches = nn.Conv2d(3, dim, 16, 16)
        self.cls, self.positions = nn.Parameter(torch.randn(1, 1, dim) * 0.02), nn.Parameter(torch.randn(1, 197, dim) * 0.02)
        self.blocks, self.norm = nn.Sequential(*(Block(dim, heads) for _ in range(depth))), nn.LayerNorm(dim, 1e-6)

    def forward(self, x):
        x = self.patches(x).flatten(2).transpose(1, 2)
        return self.norm(self.blocks(torch.cat([self.cls.expand(len(x), -1, -1), x], 1) + self.positions))


parser = argparse.ArgumentParser()
parser.add_argument("--batch", type=int)
parser.add_argument("--threads", type=int)
parser.add_argument("--device", default="cpu")
options = parser.parse_args()
torch.set_num_threads(options.threads)
torch.manual_seed(1)
torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
model = ViT().to(options.device)
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, weight_decay=0.05, foreach=True)
images, target = (torch.randn(options.batch, *dims, device=options.device) for dims in ((3, 224, 224), (197, 192)))
print(json.dumps({"torch": torch.__version__}), flush=True)
for _ in sys.stdin:
    cpu, start = time.process_time(), time.perf_counter()
    optimizer.zero_grad()
    loss = F.mse_loss(model(images), target)
    loss.backward()
    optimizer.step()
    loss = loss.item()
    ms, spent = (time.perf_counter() - start) * 1e3, (time.process_time() - cpu) * 1e3
    print(json.dumps({"ms": ms, "cpu": spent, "loss": loss}), flush=True)
