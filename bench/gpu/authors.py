"""The authors' S2 in PyTorch around timm's ViT, run when asked: one line in, one line of JSON out. Started by compare.mjs.

A line names the precision (float32, tf32, float16) and the work: `tensor`, prepared images from the host to features on the host; `device`, the
same without the copies; `photos`, decoded photos from the host, resized and normalized on the device, to features on the host.
"""

import argparse
import json
import sys
import time

import numpy as np
import timm
import torch
import torch.nn.functional as F
from safetensors.torch import load_file

parser = argparse.ArgumentParser()
for name in ("--s2wrapper", "--weights", "--architecture", "--args", "--images", "--photos", "--shape", "--output", "--device"):
    parser.add_argument(name, required=True)
options = parser.parse_args()
sys.path.insert(0, options.s2wrapper)
import s2wrapper  # noqa: E402

count, height, width, side = json.loads(options.shape)
device = torch.device(options.device)
cuda = device.type == "cuda"
model = timm.create_model(options.architecture, num_classes=0, **json.loads(options.args))
model.load_state_dict(load_file(options.weights))
model.eval().to(device)
models = {"float32": model}
models["tf32"] = model
models["float16"] = timm.create_model(options.architecture, num_classes=0, **json.loads(options.args))
models["float16"].load_state_dict(model.state_dict())
models["float16"].eval().to(device).half()

images = torch.from_numpy(np.fromfile(options.images, np.float32)).reshape(count, 3, side, side)
photos = torch.from_numpy(np.fromfile(options.photos, np.uint8)).reshape(count, height, width, 3)
mean, std = (torch.tensor(values, device=device).reshape(3, 1, 1) for values in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))
on_device = {dtype: images.to(device, torch.float16 if dtype == "float16" else torch.float32) for dtype in models}


def run(dtype, work):
    tf32 = dtype == "tf32"
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = tf32
    kind = torch.float16 if dtype == "float16" else torch.float32
    features = models[dtype].forward_features
    if work == "photos":
        x = photos.to(device).permute(0, 3, 1, 2).float()
        x = F.interpolate(x, size=(3 * side, 3 * side), mode="bicubic", antialias=True).div(255).sub(mean).div(std).to(kind)
        out = s2wrapper.forward(features, x, img_sizes=[side, 2 * side, 3 * side], max_split_size=side, num_prefix_token=1)
        return out.float().cpu()
    x = on_device[dtype] if work == "device" else images.to(device).to(kind)
    out = s2wrapper.forward(features, x, scales=[1, 2, 3], num_prefix_token=1)
    return out if work == "device" else out.float().cpu()


with torch.inference_mode():
    run("float32", "tensor").numpy().tofile(options.output)
    versions = {"torch": torch.__version__, "timm": timm.__version__, "python": sys.version.split()[0]}
    if cuda:
        versions |= {"card": torch.cuda.get_device_name(), "cuda": torch.version.cuda}
    print(json.dumps(versions), flush=True)
    for line in sys.stdin:
        dtype, work = line.split()
        if cuda:
            torch.cuda.synchronize()
        cpu, start = time.process_time(), time.perf_counter()
        run(dtype, work)
        if cuda:
            torch.cuda.synchronize()
        ms, spent = (time.perf_counter() - start) * 1000, (time.process_time() - cpu) * 1000
        print(json.dumps({"ms": ms, "cpu": spent}), flush=True)
