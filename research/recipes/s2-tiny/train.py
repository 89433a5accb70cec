#!/usr/bin/env python3
"""
Distills DeiT-Tiny into a ViT of 6 blocks of 192 channels: python3 train.py DATA OUT SECONDS [options]
DATA: folder with p*.tar, val.tar and teacher.safetensors (or --teacher FILE). One file, one GPU; --device cpu for a trial.
"""
import argparse
import glob
import io
import json
import math
import mmap
import multiprocessing
import os
import random
import signal
import struct
import tarfile
import time
import traceback
from multiprocessing.pool import ThreadPool

BEGUN = time.perf_counter()
os.environ.setdefault("PYTORCH_NVML_BASED_CUDA_CHECK", "1")
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
SIDE, PATCH, GRID, DIM, HEADS = 224, 16, 14, 192, 3
TAPS_TEACHER, TAPS_STUDENT = (4, 8), (2, 4)


def say(*words):
    print(f"[{time.perf_counter() - BEGUN:6.1f}s]", *words, flush=True)


# ---------------------------------------------------------------- files
KINDS = {"F16": np.float16, "F32": np.float32, "F64": np.float64}


def read_tensors(path):
    with open(path, "rb") as file:
        data = file.read()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    base, out = 8 + length, {}
    for name, entry in header.items():
        if name != "__metadata__":
            a, b = entry["data_offsets"]
            array = np.frombuffer(data[base + a : base + b], dtype=KINDS[entry["dtype"]]).reshape(entry["shape"])
            out[name] = torch.from_numpy(array.astype(np.float32))
    return out


def write_tensors(path, tensors, kind="F16"):
    header, parts, at = {"__metadata__": {"format": "pt"}}, [], 0
    for name in sorted(tensors):
        data = np.ascontiguousarray(tensors[name].detach().float().cpu().numpy().astype(KINDS[kind]))
        header[name] = {"dtype": kind, "shape": list(data.shape), "data_offsets": [at, at + data.nbytes]}
        parts.append(data.tobytes())
        at += data.nbytes
    head = json.dumps(header, separators=(",", ":")).encode()
    head += b" " * (-len(head) % 8)
    with open(path + ".part", "wb") as file:
        file.write(struct.pack("<Q", len(head)) + head + b"".join(parts))
    os.replace(path + ".part", path)


def write_json(path, value):
    with open(path + ".part", "w") as file:
        json.dump(value, file, indent=1)
    os.replace(path + ".part", path)


def read_shards(paths):
    """[(name, bytes)]; a shard that is cut off gives what it has."""
    items = []
    for path in paths:
        try:
            with tarfile.open(path) as tar:
                for member in tar:
                    if member.isfile():
                        items.append((member.name, tar.extractfile(member).read()))
        except Exception as error:
            say("shard", path, "broken after", len(items), repr(error))
    return items


ITEMS, PIXELS = [], None


def decode_one(i):
    """Into the i-th place of PIXELS, channels first; returns whether it worked."""
    data, side = ITEMS[i][1], PIXELS.shape[2]
    try:
        from PIL import Image

        image = Image.open(io.BytesIO(data)).convert("RGB")
        if image.size != (side, side):
            image = image.resize((side, side), Image.BICUBIC)
        pixels = np.asarray(image)
    except Exception:
        try:
            import cv2

            pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)[:, :, ::-1]
            if pixels.shape[:2] != (side, side):
                pixels = cv2.resize(pixels, (side, side), interpolation=cv2.INTER_AREA)
        except Exception:
            return False
    PIXELS[i] = pixels.transpose(2, 0, 1)
    return True


def decode(items, side, workers):
    """Names, and uint8 [n, 3, side, side]; in processes with common memory (before CUDA begins), else in threads."""
    global ITEMS, PIXELS
    ITEMS = items
    memory = mmap.mmap(-1, max(1, len(items)) * 3 * side * side)
    PIXELS = np.frombuffer(memory, dtype=np.uint8).reshape(-1, 3, side, side)
    good = None
    if workers > 1 and len(items) > 500:
        try:
            pool = multiprocessing.get_context("fork").Pool(workers)
            try:
                good = pool.map_async(decode_one, range(len(items)), 32).get(timeout=60)
            finally:
                pool.terminate()
        except Exception as error:
            say("processes failed:", repr(error), "- threads instead")
            good = None
    if good is None:
        with ThreadPool(max(1, workers)) as pool:
            good = pool.map(decode_one, range(len(items)), 16)
    keep = [i for i, fine in enumerate(good) if fine]
    if len(keep) < len(items):
        say(len(items) - len(keep), "photos could not be decoded")
    pixels = PIXELS if len(keep) == len(items) else PIXELS[keep]
    return [items[i][0] for i in keep], torch.from_numpy(pixels)


def side_of(items):
    from PIL import Image

    return Image.open(io.BytesIO(items[0][1])).size[0]


# ---------------------------------------------------------------- models, with timm's names
class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.qkv, self.proj = nn.Linear(DIM, 3 * DIM), nn.Linear(DIM, DIM)

    def forward(self, x):
        n, tokens, _ = x.shape
        q, k, v = self.qkv(x).view(n, tokens, 3, HEADS, DIM // HEADS).permute(2, 0, 3, 1, 4).unbind(0)
        x = F.scaled_dot_product_attention(q, k, v)
        return self.proj(x.transpose(1, 2).reshape(n, tokens, DIM))


class Mlp(nn.Module):
    def __init__(self, hidden):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(DIM, hidden), nn.Linear(hidden, DIM)

    def forward(self, x):
        return self.fc2(F.gelu(self.fc1(x)))


class Block(nn.Module):
    def __init__(self, hidden):
        super().__init__()
        self.norm1, self.attn = nn.LayerNorm(DIM, eps=1e-6), Attention()
        self.norm2, self.mlp = nn.LayerNorm(DIM, eps=1e-6), Mlp(hidden)

    def forward(self, x):
        x = x + self.attn(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class Embed(nn.Module):
    def __init__(self):
        super().__init__()
        self.proj = nn.Conv2d(3, DIM, PATCH, PATCH)

    def forward(self, patches):
        """As a product: patches are [n, 196, 768], channel, row, column."""
        return F.linear(patches, self.proj.weight.view(DIM, -1), self.proj.bias)


class Vit(nn.Module):
    def __init__(self, depth, hidden, taps):
        super().__init__()
        self.taps = taps
        self.patch_embed = Embed()
        self.cls_token = nn.Parameter(torch.zeros(1, 1, DIM))
        self.pos_embed = nn.Parameter(torch.zeros(1, 1 + GRID * GRID, DIM))
        self.blocks = nn.ModuleList(Block(hidden) for _ in range(depth))
        self.norm = nn.LayerNorm(DIM, eps=1e-6)

    def forward(self, patches):
        """The states after the blocks `taps` and the tokens after the last norm."""
        x = self.patch_embed(patches)
        x = torch.cat([self.cls_token.to(x.dtype).expand(x.shape[0], -1, -1), x], 1) + self.pos_embed
        states = []
        for i, block in enumerate(self.blocks, 1):
            x = block(x)
            if i in self.taps:
                states.append(x)
        return [*states, self.norm(x)]


def begin_student(model, seed=0):
    """Sines for positions; keys like queries and the projection against the values (arXiv 2305.09828); all else timm's with more room for Muon."""
    make = torch.Generator().manual_seed(seed)
    normal = lambda shape, deviation: torch.randn(shape, generator=make) * deviation
    with torch.no_grad():
        for name, p in model.named_parameters():
            if p.ndim >= 2:
                p.copy_(normal(p.shape, 0.02))
            elif name.endswith("bias"):
                p.zero_()
        for block in model.blocks:
            root = DIM**-0.5
            queries, values = normal((DIM, DIM), root), normal((DIM, DIM), root)
            block.attn.qkv.weight.copy_(torch.cat([queries, queries + normal((DIM, DIM), root / 2), 0.6 * values]))
            block.attn.proj.weight.copy_(-0.6 * values.T)
            block.mlp.fc1.weight.copy_(normal(block.mlp.fc1.weight.shape, 0.05))
        quarter = DIM // 4
        angles = torch.arange(GRID)[:, None] / 10000 ** (torch.arange(quarter) / quarter)
        waves = 0.3 * torch.cat([angles.sin(), angles.cos()], 1)
        rows, columns = waves[:, None].expand(-1, GRID, -1), waves[None].expand(GRID, -1, -1)
        model.pos_embed[0, 1:] = torch.cat([rows, columns], 2).reshape(-1, DIM)


class LayerLoss(nn.Module):
    """Mean squares of a mapped student state less the teacher's standardized one: of patches and of [CLS]."""

    def __init__(self):
        super().__init__()
        self.patches, self.cls = nn.Linear(DIM, DIM), nn.Linear(DIM, DIM)
        for name in ("mu", "sd"):  # [CLS], patches
            self.register_buffer(name, torch.zeros(2, DIM) if name == "mu" else torch.ones(2, DIM))
        with torch.no_grad():
            for part in (self.patches, self.cls):
                part.weight.normal_(0, DIM**-0.5)
                part.bias.zero_()

    def mapped(self, state):
        return self.cls(state[:, :1]), self.patches(state[:, 1:])

    def forward(self, state, goal):
        cls, patches = self.mapped(state)
        goal = goal.float()
        cls = cls.float() - (goal[:, :1] - self.mu[0]) / self.sd[0]
        patches = patches.float() - (goal[:, 1:] - self.mu[1]) / self.sd[1]
        return torch.stack([patches.square().mean(), cls.square().mean()])


# ---------------------------------------------------------------- views
def luma_matrices(device):
    to = torch.tensor([[0.299, 0.587, 0.114], [0.596, -0.274, -0.322], [0.211, -0.523, 0.312]])
    return to.to(device), torch.linalg.inv(to).to(device)


class Views:
    """Batches of altered photos, made on the device; one random photo more or less weighs nothing there."""

    def __init__(self, photos, names, weights, device, dtype):
        self.device, self.dtype = device, dtype
        self.photos = photos.to(device)
        self.side = photos.shape[2]
        self.plain = torch.empty(len(photos), 3, SIDE, SIDE, dtype=torch.uint8, device=device)
        for part in range(0, len(photos), 256):
            x = self.photos[part : part + 256].float()
            x = F.interpolate(x, (SIDE, SIDE), mode="bicubic", antialias=True, align_corners=False)
            self.plain[part : part + 256] = x.round().clamp(0, 255).to(torch.uint8)
        self.pool = torch.tensor([i for i, name in enumerate(names) for _ in range(weights.get(name.split("/")[0], 1))], device=device)
        self.to_luma, self.from_luma = luma_matrices(device)
        self.mean = torch.tensor(MEAN, device=device).view(1, 3, 1, 1)
        self.std = torch.tensor(STD, device=device).view(1, 3, 1, 1)

    def rand(self, *shape):
        return torch.rand(shape, device=self.device)

    def between(self, n, low, high):
        return low + (high - low) * self.rand(n)

    def crops(self, index, side, whole=0.0):
        n = len(index)
        x = self.photos.index_select(0, index).float().div_(255)
        area = self.between(n, 0.08, 1)
        ratio = torch.exp(self.between(n, math.log(3 / 4), math.log(4 / 3)))
        width, height = (area * ratio).sqrt().clamp_(max=1), (area / ratio).sqrt().clamp_(max=1)
        if whole:
            all_of_it = self.rand(n) < whole
            width, height = (torch.where(all_of_it, 1.0, each) for each in (width, height))
        across, down = self.between(n, -1, 1) * (1 - width), self.between(n, -1, 1) * (1 - height)
        turned = (self.rand(n) < 0.3).float()
        angle = turned * self.between(n, -1, 1) * math.radians(20)
        shear = turned * self.between(n, -0.2, 0.2)
        sign = torch.where(self.rand(n) < 0.5, -1.0, 1.0)
        c, s = angle.cos(), angle.sin()
        # photo = center + extent * turn(angle) * shear * mirror * place in the view
        theta = torch.stack(
            [width * c * sign, width * (c * shear - s), across, height * s * sign, height * (s * shear + c), down], 1
        ).view(n, 2, 3)
        grid = F.affine_grid(theta, [n, 3, side, side], align_corners=False)
        return F.grid_sample(x, grid, mode="bilinear", padding_mode="reflection", align_corners=False).to(self.dtype)

    def recolor(self, x):
        n = len(x)
        much = (self.rand(n) < 0.75).float()
        change = lambda by: 1 + much * self.between(n, -by, by)
        bright, contrast, vivid = change(0.3), change(0.3), change(0.5)
        hue = much * self.between(n, -0.35, 0.35)
        turn = torch.zeros(n, 3, 3, device=self.device)
        turn[:, 0, 0] = 1
        turn[:, 1, 1] = turn[:, 2, 2] = vivid * hue.cos()
        turn[:, 2, 1] = vivid * hue.sin()
        turn[:, 1, 2] = -turn[:, 2, 1]
        matrix = (self.from_luma @ turn @ self.to_luma) * (bright * contrast).view(n, 1, 1)
        middle = x.mean((2, 3), dtype=torch.float32) @ self.to_luma[0]
        shift = (middle * bright * (1 - contrast)).view(n, 1, 1, 1).to(self.dtype)
        matrix = matrix.to(self.dtype).view(n, 3, 3, 1, 1)
        out = torch.addcmul(shift, x[:, 0:1], matrix[:, :, 0])
        out.addcmul_(x[:, 1:2], matrix[:, :, 1]).addcmul_(x[:, 2:3], matrix[:, :, 2])
        return out.clamp_(0, 1)

    def blurred(self, x):
        """Down and up again, as S² enlarges."""
        size, up = random.choice((56, 72, 90, 112, 140, 168)), random.choice(("bilinear", "bicubic"))
        small = F.interpolate(x.float(), (size, size), mode="bilinear", antialias=True, align_corners=False)
        return F.interpolate(small, x.shape[2:], mode=up, align_corners=False).clamp_(0, 1).to(self.dtype)

    def mixed(self, x, count):
        """`count` of them blended with another, or with a rectangle of it."""
        n, _, side, _ = x.shape
        chosen, other = torch.randperm(n, device=self.device)[:count], torch.randint(n, (count,), device=self.device)
        share = self.rand(count, 1, 1, 1)
        place = torch.arange(side, device=self.device) / side
        tall, wide = (self.between(count, 0.25, 0.85) for _ in range(2))
        top, left = self.rand(count) * (1 - tall), self.rand(count) * (1 - wide)
        inside = lambda start, length: (place >= start[:, None]) & (place < (start + length)[:, None])
        box = (inside(top, tall)[:, :, None] & inside(left, wide)[:, None, :])[:, None].float()
        mask = torch.where(self.rand(count, 1, 1, 1) < 0.5, box, share).to(self.dtype)
        return x.index_copy(0, chosen, torch.lerp(x.index_select(0, chosen), x.index_select(0, other), mask))

    def normal(self, x):
        return (x - self.mean.to(x.dtype)) / self.std.to(x.dtype)

    def make(self, n):
        """[n, 3, 224, 224] of 0 to 1: a quarter whole photos, the rest parts; half of all mixed."""
        index = self.pool[torch.randint(len(self.pool), (n,), device=self.device)]
        whole = n // 4
        plain = self.plain.index_select(0, index[:whole]).to(self.dtype).div_(255)
        plain = torch.where(self.rand(whole, 1, 1, 1) < 0.5, plain.flip(3), plain)
        x = self.recolor(torch.cat([plain, self.crops(index[whole:], SIDE)]))
        few, at = n // 8, whole // 2
        if few:
            x[at : at + few] = self.blurred(x[at : at + few])
        return self.normal(self.mixed(x, n // 2))


def patches_of(x):
    """[n, 3, 224, 224] as [n, 196, 768]."""
    return x.view(len(x), 3, GRID, PATCH, GRID, PATCH).permute(0, 2, 4, 1, 3, 5).reshape(len(x), GRID * GRID, 3 * PATCH * PATCH)


# ---------------------------------------------------------------- optimizer: Muon for the blocks' matrices, AdamW for the rest, all in one buffer
def orthogonal(x):
    """Newton-Schulz; x is [n, a, b] with a <= b."""
    x = x / (x.float().norm(dim=(1, 2), keepdim=True) + 1e-7)
    x = x.to(torch.bfloat16 if x.is_cuda else torch.float32)
    for _ in range(5):
        square = x @ x.mT
        x = torch.baddbmm(x, torch.baddbmm(square, square, square, beta=-4.7750, alpha=2.0315), x, beta=3.4445)
    return x.float()


class Optimizer:
    def __init__(self, model, maps, rate=1.5e-3, muon_rate=0.02, decay=0.02, ema=0.999):
        self.rate, self.muon_rate, self.decay, self.ema_decay, self.steps = rate, muon_rate, decay, ema, 0
        named = dict(model.named_parameters())
        kind = lambda part: [p for name, p in named.items() if name.startswith("blocks.") and name.endswith(part + ".weight")]
        self.groups = [kind("attn.qkv"), kind("attn.proj"), kind("mlp.fc1"), kind("mlp.fc2")]
        matrices = [p for group in self.groups for p in group]
        taken = {id(p) for p in matrices}
        rest = [p for p in [*model.parameters(), *maps.parameters()] if id(p) not in taken]
        self.params = matrices + rest
        self.depth, self.hidden = len(self.groups[0]), self.groups[2][0].shape[0]
        self.split = sum(p.numel() for p in matrices)
        self.flat = torch.cat([p.detach().float().reshape(-1) for p in self.params])
        at = 0
        for p in self.params:
            p.data = self.flat[at : at + p.numel()].view(p.shape)
            at += p.numel()
        self.ema = self.flat.clone()
        self.velocity = torch.zeros_like(self.flat[: self.split])
        self.first, self.second = (torch.zeros_like(self.flat[self.split :]) for _ in range(2))
        decayed = [torch.full((p.numel(),), float(p.ndim >= 2 and p.shape[0] > 1), device=self.flat.device) for p in rest]
        self.decayed = torch.cat(decayed)

    @torch.no_grad()
    def step(self, grads, scale):
        """`scale`: the part of the rates that holds now. No number of the device is waited for."""
        self.steps += 1
        g = torch.cat([each.float().reshape(-1) for each in grads])
        length = torch.linalg.vector_norm(g)
        fine = torch.isfinite(length)
        g = torch.nan_to_num_(g, 0.0, 0.0, 0.0).mul_(torch.where(fine, (1 / (length + 1e-6)).clamp(max=1), torch.zeros_like(length)))
        # Muon
        rate, m = self.muon_rate * scale, g[: self.split]
        self.velocity.lerp_(m, 0.05)
        update = m.lerp(self.velocity, 0.95)
        square, tall = DIM * DIM, self.hidden * DIM
        first = 4 * self.depth * square
        second = first + self.depth * tall
        attention = orthogonal(update[:first].view(-1, DIM, DIM))
        mlp = orthogonal(torch.cat([update[first:second].view(-1, self.hidden, DIM).mT, update[second:].view(-1, DIM, self.hidden)]))
        weights = self.flat[: self.split]
        weights.mul_(1 - rate * self.decay)
        weights[:first].view(-1, DIM, DIM).sub_(attention, alpha=rate)
        weights[first:second].view(-1, self.hidden, DIM).sub_(mlp[: self.depth].mT, alpha=rate * math.sqrt(self.hidden / DIM))
        weights[second:].view(-1, DIM, self.hidden).sub_(mlp[self.depth :], alpha=rate)
        # AdamW
        rate, g, t = self.rate * scale, g[self.split :], self.steps
        self.first.lerp_(g, 0.1)
        self.second.lerp_(g * g, 0.01)
        weights = self.flat[self.split :]
        weights.sub_(weights * self.decayed, alpha=rate * self.decay)
        weights.addcdiv_(self.first, (self.second / (1 - 0.99**t)).sqrt_().add_(1e-8), value=-rate / (1 - 0.9**t))
        self.ema.lerp_(self.flat, 1 - min(self.ema_decay, (1 + t) / (10 + t)))
        return length

    def averaged(self):
        """With the averaged weights in place, as a context."""
        return Swap(self.flat, self.ema)


class Swap:
    def __init__(self, flat, other):
        self.flat, self.other = flat, other

    def __enter__(self):
        self.kept = self.flat.clone()
        self.flat.copy_(self.other)

    def __exit__(self, *_):
        self.flat.copy_(self.kept)


def schedule(done, warm=0.03):
    """Of the rates, `done` from 0 to 1."""
    return min(done / warm, 1.0) if done < warm else 0.5 * (1 + math.cos(math.pi * min(1.0, (done - warm) / (1 - warm))))


# ---------------------------------------------------------------- evaluation: explained variance of the teacher's tokens
class Evaluation:
    """Ridge regression from a student's tokens to the teacher's: fitted on plain training photos, tested on val.tar's."""

    def __init__(self, teacher, views, val, val_names, fit, device, dtype):
        chosen = torch.randperm(len(views.plain), generator=torch.Generator().manual_seed(3))[:fit].to(device)
        self.device = device
        self.photos = torch.cat([views.plain[chosen], val.to(device)])
        self.fit = len(chosen)
        self.groups = {}
        for i, name in enumerate(val_names):
            self.groups.setdefault(name.split("/")[0], []).append(self.fit + i)
        self.views = views
        self.teacher = self.tokens(lambda p: teacher(p.to(dtype))[-1])

    @torch.no_grad()
    def tokens(self, model):
        parts = []
        for at in range(0, len(self.photos), 128):
            x = self.views.normal(self.photos[at : at + 128].float().div_(255))
            parts.append(model(patches_of(x)).float().half())
        return torch.cat(parts)

    def fitted(self, x, y, penalties):
        """Maps with standardized inputs, one a penalty."""
        mx, sx, my = x.mean(0), x.std(0).clamp_min(1e-6), y.mean(0)
        z = (x - mx) / sx
        gram, right = z.T @ z, z.T @ (y - my)
        unit = torch.eye(len(gram), dtype=gram.dtype, device=gram.device) * len(x)
        return [lambda v, w=torch.linalg.solve(gram + p * unit, right): (v - mx) / sx @ w + my for p in penalties]

    def rows(self, tokens, kind, photos):
        part = tokens[photos]
        return (part[:, 0] if kind == "cls" else part[:, 1::7].reshape(-1, DIM)).double()

    @torch.no_grad()
    def __call__(self, student, mapped=None):
        """{"group kind": explained variance} by ridge regression; "direct": by the maps of training, which `mapped` has applied."""
        tokens, out = self.tokens(student), {}
        direct = self.tokens(mapped) if mapped else None
        whole = list(range(self.fit))
        for kind, penalties in (("cls", (1, 0.1, 0.01)), ("patches", (1e-3,))):
            x, y = self.rows(tokens, kind, whole), self.rows(self.teacher, kind, whole)
            deviation = y.std(0)
            maps = self.fitted(x, y, penalties)
            explained = lambda predicted, goal: round(1 - float((((predicted - goal) / deviation) ** 2).sum() / (((goal - goal.mean(0)) / deviation) ** 2).sum()), 4)
            for group, photos in self.groups.items():
                goal = self.rows(self.teacher, kind, photos)
                given = self.rows(tokens, kind, photos)
                out[f"{group} {kind}"] = max(explained(each(given), goal) for each in maps)
                if direct is not None:
                    out[f"{group} {kind}, direct"] = explained(self.rows(direct, kind, photos), goal)
        return out


# ---------------------------------------------------------------- training
class Alarm:
    """Raises TimeoutError in the main thread after so many seconds."""

    def __init__(self, seconds):
        self.seconds = seconds

    def __enter__(self):
        def ring(*_):
            raise TimeoutError(f"longer than {self.seconds} s")

        self.before = signal.signal(signal.SIGALRM, ring)
        signal.alarm(int(self.seconds))

    def __exit__(self, *_):
        signal.alarm(0)
        signal.signal(signal.SIGALRM, self.before)


class Run:
    def __init__(self, args):
        self.args, self.log = args, {"args": vars(args), "torch": torch.__version__, "rows": []}
        os.makedirs(args.out, exist_ok=True)
        torch.manual_seed(args.seed)
        random.seed(args.seed)
        shards = sorted(glob.glob(os.path.join(args.data, "p[0-9]*.tar")))
        items = read_shards(shards)[: args.limit or None]
        say(len(items), "photos in", len(shards), "shards")
        names, photos = decode(items, side_of(items), args.workers)
        self.log["photos"] = {}
        for name in names:
            source = name.split("/")[0]
            self.log["photos"][source] = self.log["photos"].get(source, 0) + 1
        val_items = read_shards([os.path.join(args.data, "val.tar")])
        val_names, val = decode(val_items, SIDE, min(4, args.workers))
        say("decoded", tuple(photos.shape), self.log["photos"], "val", tuple(val.shape))
        self.device = torch.device(args.device)
        self.gpu = self.device.type == "cuda"
        if self.gpu:
            torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
            self.log["device"] = torch.cuda.get_device_name()
            say(self.log["device"], torch.__version__)
        self.half = self.gpu or args.half
        self.dtype = torch.float16 if self.half else torch.float32
        weights = {k: int(v) for k, v in (pair.split("=") for pair in args.weights.split(",") if pair)}
        self.views = Views(photos, names, weights, self.device, self.dtype)
        self.teacher = Vit(12, 4 * DIM, TAPS_TEACHER)
        self.teacher.load_state_dict({k: v for k, v in read_tensors(args.teacher).items() if not k.startswith("head")}, strict=True)
        self.teacher = self.teacher.to(self.device, self.dtype).eval().requires_grad_(False)
        self.student = Vit(args.depth, args.hidden, TAPS_STUDENT)
        begin_student(self.student, args.seed)
        self.maps = nn.ModuleList(LayerLoss() for _ in range(len(TAPS_STUDENT) + 1))
        if args.init:
            self.student.load_state_dict(read_tensors(os.path.join(args.init, "student-f32.safetensors")))
            self.maps.load_state_dict(read_tensors(os.path.join(args.init, "maps.safetensors")))
        self.student, self.maps = self.student.to(self.device), self.maps.to(self.device)
        self.evaluation = Evaluation(self.teacher, self.views, val, val_names, args.fit, self.device, self.dtype)
        self.mid = torch.tensor(0.5, device=self.device)
        self.compiled = False
        self.optimizer = Optimizer(self.student, self.maps, args.rate, args.muon, args.decay, args.ema)

    def wait(self):
        if self.gpu:
            torch.cuda.synchronize()

    def autocast(self):
        return torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=self.half)

    @torch.no_grad()
    def statistics(self, count):
        """Mean and deviation of each of the teacher's layers, of views."""
        sums = [torch.zeros(2, 2, DIM, dtype=torch.float64, device=self.device) for _ in self.maps]
        seen, size = 0, min(512, self.args.batch, count)
        while seen < count:
            for total, state in zip(sums, self.teacher(patches_of(self.views.make(size)))):
                for i, part in enumerate((state[:, :1], state[:, 1:])):
                    part = part.double()
                    total[i, 0] += part.mean((0, 1)) * size
                    total[i, 1] += part.square().mean((0, 1)) * size
            seen += size
        for each, total in zip(self.maps, sums):
            mean = total[:, 0] / seen
            deviation = (total[:, 1] / seen - mean**2).clamp_min(0).sqrt()
            each.mu.copy_(mean)
            each.sd.copy_(torch.maximum(deviation, 0.05 * deviation.median(1, keepdim=True).values).clamp_min(1e-4))
        say("statistics of", seen, "views; deviations ([CLS], patches) by layer", [[round(float(v), 3) for v in each.sd.mean(1)] for each in self.maps])

    def losses(self, patches, goals):
        with self.autocast():
            states = self.student(patches)
            parts = torch.stack([each(state, goal) for each, state, goal in zip(self.maps, states, goals)])
        weighed = parts[:, 0] + self.args.cls * parts[:, 1]
        return weighed[-1] + self.mid * weighed[:-1].sum(), parts

    def one(self, optimizer, batch, scale):
        patches = patches_of(self.views.make(batch))
        with torch.no_grad():
            goals = self.teacher(patches)
        loss, parts = self.losses(patches, goals)
        grads = torch.autograd.grad(loss, optimizer.params)
        optimizer.step(grads, scale)
        return parts.detach()

    def pieces(self):
        return [*self.teacher.blocks, *self.student.blocks, *self.maps]

    def compile(self, limit):
        """Block by block, so that one graph serves all blocks of a model; back to plain code if that fails, is slow or differs."""
        patches = patches_of(self.views.make(self.args.batch))

        def once():
            with torch.no_grad():
                goals = self.teacher(patches)
            loss, parts = self.losses(patches, goals)
            grads = torch.autograd.grad(loss, [*self.student.parameters(), *self.maps.parameters()])
            return parts.detach(), torch.cat([g.float().reshape(-1) for g in grads])

        def timed(times=8 if self.gpu else 1):
            self.wait()
            start = time.perf_counter()
            for _ in range(times):
                once()
            self.wait()
            return (time.perf_counter() - start) / times

        plain_parts, plain_grads = once()
        plain = timed()
        say(f"plain: {1000 * plain:.1f} ms for teacher and student at {self.args.batch} (no views, no optimizer)")
        start = time.perf_counter()
        try:
            with Alarm(limit):
                from torch import _dynamo

                for setting in ("recompile_limit", "cache_size_limit"):
                    try:
                        setattr(_dynamo.config, setting, 64)
                    except Exception:
                        pass
                for piece in self.pieces():
                    piece.compile(dynamic=False, backend=self.args.backend)
                parts, grads = once()
                self.wait()
            took = time.perf_counter() - start
            off = float((parts - plain_parts).abs().max() / plain_parts.abs().max())
            turned = float(F.cosine_similarity(grads, plain_grads, 0))
            quick = timed()
            say(f"compiled in {took:.1f} s: {1000 * quick:.1f} ms; losses off by {off:.1e}, gradients' cosine {turned:.5f}")
            if off > 0.03 or turned < 0.97 or not math.isfinite(off) or (quick > 1.02 * plain and self.gpu):
                raise RuntimeError("no gain, or other numbers")
            self.compiled = True
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt):
                raise
            say("not compiled:", type(error).__name__, str(error)[:300])
            for piece in self.pieces():
                piece._compiled_call_impl = None
            try:
                from torch import _dynamo

                _dynamo.reset()
            except Exception:
                pass
        self.log["compiled"] = self.compiled

    def plainly(self):
        """Without compiled code inside, for other shapes."""
        run = self

        class Plain:
            def __enter__(self):
                self.kept = [(piece, piece._compiled_call_impl) for piece in run.pieces()]
                for piece, _ in self.kept:
                    piece._compiled_call_impl = None

            def __exit__(self, *_):
                for piece, impl in self.kept:
                    piece._compiled_call_impl = impl

        return Plain()

    def evaluate(self):
        with self.plainly():
            last = self.maps[-1]

            def mapped(patches):
                cls, rest = last.mapped(self.student(patches)[-1])
                return torch.cat([cls * last.sd[0] + last.mu[0], rest * last.sd[1] + last.mu[1]], 1)

            return self.evaluation(lambda patches: self.student(patches)[-1], mapped)

    def save(self, name="student"):
        out = self.args.out
        state = self.student.state_dict()
        write_tensors(os.path.join(out, f"{name}.safetensors"), state, "F16")
        if name == "student":
            write_tensors(os.path.join(out, "student-f32.safetensors"), state, "F32")
            write_tensors(os.path.join(out, "maps.safetensors"), self.maps.state_dict(), "F32")
        write_json(os.path.join(out, "config.json"), config_of(self.args))
        self.keep_log()

    def keep_log(self):
        write_json(os.path.join(self.args.out, "log.json"), self.log)

    def loop(self, name, seconds, optimizer, step, batch):
        """Steps until the seconds are over by the clock; reports every 15 s, saves every 60 s."""
        start = time.perf_counter()
        shown = saved = start
        shown_steps, steps, total = 0, 0, None
        while True:
            now = time.perf_counter()
            done = (now - start) / seconds
            if done >= 1 or (self.args.steps and steps >= self.args.steps):
                break
            self.mid.fill_(0.1 + 0.4 * (1 - done))
            parts = step(schedule(done))
            total = parts.clone() if total is None else total.add_(parts)
            steps += 1
            if self.gpu and steps % 8 == 0:
                # not further ahead of the device than 8 steps, so that the clock means something
                if steps > 8:
                    mark.synchronize()
                mark = torch.cuda.Event()
                mark.record()
            if now - shown > self.args.show:
                mean = (total / (steps - shown_steps)).tolist()
                rate = (steps - shown_steps) * batch / (time.perf_counter() - shown)
                row = {"part": name, "step": steps, "seconds": round(now - start, 1), "images a second": round(rate)}
                row["losses"] = [[round(v, 4) for v in pair] for pair in mean]
                self.log["rows"].append(row)
                say(name, "step", steps, f"{rate:.0f} images/s, rate {schedule(done):.3f}, [patches, cls] by layer", row["losses"])
                shown, shown_steps, total = time.perf_counter(), steps, None
                if now - saved > self.args.every and seconds - (now - start) > 20:
                    saved = now
                    try:
                        with optimizer.averaged():
                            row["explained"] = self.evaluate()
                            say("explained variance, averaged weights:", row["explained"])
                            self.save(name)
                    except Exception:
                        traceback.print_exc()
                    shown = time.perf_counter()
        self.wait()
        self.log[f"{name}: steps"], self.log[f"{name}: images"] = steps, steps * batch
        say(name, "ended after", steps, "steps,", steps * batch, "images,", round(time.perf_counter() - start, 2), "s")

    def better(self, name, optimizer):
        """Keeps the last or the averaged weights, whichever explain more of the teacher."""
        worth = lambda explained: sum(v for k, v in explained.items() if "direct" not in k and k != "camvid cls")
        last = self.evaluate()
        with optimizer.averaged():
            averaged = self.evaluate()
        say("explained variance, last weights:", last)
        say("explained variance, averaged weights:", averaged)
        if worth(averaged) > worth(last):
            optimizer.flat.copy_(optimizer.ema)
        self.log[f"{name}: last"], self.log[f"{name}: averaged"] = last, averaged
        self.log[f"{name}: kept"] = "averaged" if worth(averaged) > worth(last) else "last"
        self.save(name)

    def train(self, seconds):
        args = self.args
        optimizer = self.optimizer
        say(sum(p.numel() for p in self.student.parameters()), "parameters; training for", round(seconds, 1), "s")
        self.loop("student", seconds, optimizer, lambda scale: self.one(optimizer, args.batch, scale), args.batch)
        self.better("student", optimizer)


def config_of(args):
    size = {"img_size": SIDE, "patch_size": PATCH, "embed_dim": DIM, "depth": args.depth, "num_heads": HEADS}
    ratio = args.hidden / DIM
    return {
        "architecture": "vit_tiny_patch16_224",
        "num_classes": 0,
        "num_features": DIM,
        "global_pool": "token",
        "model_args": {**size, "mlp_ratio": int(ratio) if ratio == int(ratio) else ratio, "num_classes": 0},
        "pretrained_cfg": {
            **{"input_size": [3, SIDE, SIDE], "interpolation": "bicubic", "crop_pct": 0.9},
            **{"mean": list(MEAN), "std": list(STD), "num_classes": 0},
        },
    }


def arguments():
    parser = argparse.ArgumentParser()
    add = parser.add_argument
    add("data")
    add("out")
    add("seconds", type=float)
    add("--teacher", help="default: teacher.safetensors in DATA")
    add("--init", help="a folder with student-f32.safetensors and maps.safetensors to go on from")
    add("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    add("--batch", type=int, default=512)
    add("--total", type=float, default=0, help="the program must end so many seconds after its start: shortens SECONDS")
    add("--compile", default="auto", choices=("auto", "off", "force"))
    add("--backend", default="inductor")
    add("--compile-limit", type=float, default=60)
    add("--depth", type=int, default=6)
    add("--hidden", type=int, default=3 * DIM)
    add("--rate", type=float, default=1.5e-3)
    add("--muon", type=float, default=0.02)
    add("--decay", type=float, default=0.02)
    add("--ema", type=float, default=0.999)
    add("--cls", type=float, default=0.5)
    add("--weights", default="imagenet=2,coco=2,osd=2")
    add("--stats", type=int, default=4096)
    add("--fit", type=int, default=2000)
    add("--workers", type=int, default=os.cpu_count() or 4)
    add("--seed", type=int, default=5)
    add("--show", type=float, default=15)
    add("--every", type=float, default=58)
    add("--limit", type=int, default=0, help="photos at most, for trials")
    add("--steps", type=int, default=0, help="steps at most, for trials")
    add("--half", action="store_true", help="the GPU's number formats on a CPU, for trials")
    args = parser.parse_args()
    args.teacher = args.teacher or os.path.join(args.data, "teacher.safetensors")
    return args


def main():
    args = arguments()
    run = Run(args)
    if not args.init:
        run.statistics(args.stats)
    if args.compile == "force" or (args.compile == "auto" and run.gpu):
        try:
            run.compile(args.compile_limit)
        except Exception:
            traceback.print_exc()
    if run.gpu:
        say(f"GPU memory {torch.cuda.memory_allocated() / 2**30:.1f} GiB, at most {torch.cuda.max_memory_allocated() / 2**30:.1f} GiB")
    end = 8 if run.gpu else 60
    left = args.total - (time.perf_counter() - BEGUN) - end if args.total else math.inf
    try:
        if min(args.seconds, left) > 0:
            run.train(min(args.seconds, left))
    except BaseException:
        traceback.print_exc()
        run.log["error"] = traceback.format_exc()
        run.keep_log()
        if not os.path.exists(os.path.join(args.out, "student.safetensors")):
            run.save()
        raise
    if run.gpu:
        say(f"GPU memory at most {torch.cuda.max_memory_allocated() / 2**30:.1f} GiB")
    say("all done", {f: os.path.getsize(os.path.join(args.out, f)) for f in sorted(os.listdir(args.out))})


if __name__ == "__main__":
    main()
