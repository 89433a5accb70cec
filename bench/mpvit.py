"""MPViT (arXiv 2112.11010) in torch, written from the paper with the authors' names of weights: what its graph is compared with for speed."""

import torch
from torch import nn
from torch.nn import functional as F


class Unit(nn.Module):
    def __init__(self, inputs, outputs, kernel=1, stride=1, act=True):
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False)
        self.bn, self.act = nn.BatchNorm2d(outputs), act

    def forward(self, x):
        x = self.bn(self.conv(x))
        return F.hardswish(x) if self.act else x


class Patches(nn.Module):
    def __init__(self, channels, stride):
        super().__init__()
        self.dwconv = nn.Conv2d(channels, channels, 3, stride, 1, groups=channels, bias=False)
        self.pwconv, self.bn = nn.Conv2d(channels, channels, 1, bias=False), nn.BatchNorm2d(channels)

    def forward(self, x):
        return F.hardswish(self.bn(self.pwconv(self.dwconv(x))))


class Residual(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.conv1, self.conv2 = Unit(channels, channels), Unit(channels, channels, act=False)
        self.dwconv, self.norm = nn.Conv2d(channels, channels, 3, 1, 1, groups=channels, bias=False), nn.BatchNorm2d(channels)

    def forward(self, x):
        return x + self.conv2(F.hardswish(self.norm(self.dwconv(self.conv1(x)))))


class Attention(nn.Module):
    heads, split = 8, (2, 3, 3)

    def __init__(self, channels):
        super().__init__()
        self.qkv, self.proj = nn.Linear(channels, 3 * channels), nn.Linear(channels, channels)

    def forward(self, x, size, relative):
        b, n, c = x.shape
        q, k, v = self.qkv(x).reshape(b, n, 3, self.heads, c // self.heads).permute(2, 0, 3, 1, 4)
        context = k.softmax(2).transpose(-2, -1) @ v
        planes = v.transpose(-2, -1).reshape(b, c, *size)
        parts = planes.split([count * c // self.heads for count in self.split], 1)
        moved = torch.cat([conv(part) for conv, part in zip(relative, parts)], 1).reshape(b, self.heads, -1, n).transpose(-2, -1)
        return self.proj(((c // self.heads) ** -0.5 * (q @ context) + q * moved).transpose(1, 2).reshape(b, n, c))


class Block(nn.Module):
    def __init__(self, channels, ratio):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(channels, 1e-6), nn.LayerNorm(channels, 1e-6)
        self.factoratt_crpe = Attention(channels)
        self.mlp = nn.ModuleDict({"fc1": nn.Linear(channels, ratio * channels), "fc2": nn.Linear(ratio * channels, channels)})

    def forward(self, x, cpe, relative):
        size = x.shape[2:]
        t = (x + cpe["proj"](x)).flatten(2).transpose(1, 2)
        t = t + self.factoratt_crpe(self.norm1(t), size, relative)
        t = t + self.mlp["fc2"](F.gelu(self.mlp["fc1"](self.norm2(t))))
        return t.transpose(1, 2).reshape(x.shape)


class Encoder(nn.Module):
    def __init__(self, channels, layers, ratio):
        super().__init__()
        self.cpe = nn.ModuleDict({"proj": nn.Conv2d(channels, channels, 3, 1, 1, groups=channels)})
        sizes = [count * channels // Attention.heads for count in Attention.split]
        convs = [nn.Conv2d(size, size, 3 + 2 * i, 1, 1 + i, groups=size) for i, size in enumerate(sizes)]
        self.crpe = nn.ModuleDict({"conv_list": nn.ModuleList(convs)})
        self.MHCA_layers = nn.ModuleList(Block(channels, ratio) for _ in range(layers))

    def forward(self, x):
        for block in self.MHCA_layers:
            x = block(x, self.cpe, self.crpe["conv_list"])
        return x


class Stage(nn.Module):
    def __init__(self, channels, outputs, paths, layers, ratio):
        super().__init__()
        self.InvRes = Residual(channels)
        self.mhca_blks = nn.ModuleList(Encoder(channels, layers, ratio) for _ in range(paths))
        self.aggregate = Unit((paths + 1) * channels, outputs)

    def forward(self, paths):
        return self.aggregate(torch.cat([self.InvRes(paths[0]), *(blocks(path) for blocks, path in zip(self.mhca_blks, paths))], 1))


class MPViT(nn.Module):
    def __init__(self, channels, paths, layers, ratio):
        super().__init__()
        self.stem = nn.Sequential(Unit(3, channels[0] // 2, 3, 2), Unit(channels[0] // 2, channels[0], 3, 2))
        self.patch_embed_stages, self.mhca_stages = nn.ModuleList(), nn.ModuleList()
        for i, (width, count, depth) in enumerate(zip(channels, paths, layers)):
            patches = [nn.ModuleDict({"patch_conv": Patches(width, 2 if i and not path else 1)}) for path in range(count)]
            self.patch_embed_stages.append(nn.ModuleDict({"patch_embeds": nn.ModuleList(patches)}))
            self.mhca_stages.append(Stage(width, channels[min(i + 1, len(channels) - 1)], count, depth, ratio))

    def forward_features(self, x):
        x = self.stem(x)
        for patches, stage in zip(self.patch_embed_stages, self.mhca_stages):
            paths = []
            for one in patches["patch_embeds"]:
                paths.append(one["patch_conv"](paths[-1] if paths else x))
            x = stage(paths)
        return x
