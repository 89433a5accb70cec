"""Packs the photos: pack/ (JPEG 320, q 80) and lean/ (WebP 288, q 75). Any first k shards are a fair mix; p0 has all of imagenet, coco and osd."""
import glob
import io
import json
import os
import random
import tarfile
from multiprocessing import Pool
import numpy as np
from PIL import Image, ImageOps

D = os.environ["S2_DATA"] + "/"  # the data folder
H = os.environ["S2_WORK"] + "/"  # fetched repositories under src/, shards are written here
def files(*patterns):
    return sorted(f for p in patterns for f in glob.glob(p, recursive=True) if f.lower().endswith((".jpg", ".jpeg", ".png", ".webp")))
SOURCES = {
    "imagenet": files(D + "photos/imagenet/*"),
    "clothsmall": files(D + "photos/clothing/*"),
    "clothtrain": files(D + "clothing/train/*/*"),
    "coco": files(D + "coco128/images/train/*"),
    "osd": files(D + "depth/osd/train/rgb/*"),
    "grocery": files(H + "src/grocery/dataset/train/**/*", H + "src/grocery/dataset/val/**/*"),
    "cloth": files(H + "src/cloth/images/*"),
}
GUARD = files(D + "clothing/test/*/*", D + "clothing/validation/*/*")

def opened(path):
    im = Image.open(path)
    im.load()
    return ImageOps.exif_transpose(im).convert("RGB")

def bits(im):
    a = np.asarray(im.convert("L").resize((9, 8), Image.BICUBIC), dtype=np.int16)
    return np.packbits(a[:, 1:] > a[:, :-1]).view(np.uint64)[0]

def hashes(path):
    im = opened(path)
    return int(bits(im)), int(bits(ImageOps.mirror(im)))

def one(job):
    name, path = job
    try:
        im = opened(path)
        h = int(bits(im))
        out = io.BytesIO(); im.resize((320, 320), Image.BICUBIC).save(out, "JPEG", quality=80, optimize=True)
        lean = io.BytesIO(); im.resize((288, 288), Image.BICUBIC).save(lean, "WEBP", quality=75, method=3)
        return name, h, out.getvalue(), lean.getvalue()
    except Exception as e:
        return name, None, repr(e).encode(), b""

def near(h, many, limit):
    x = np.bitwise_xor(many, np.uint64(h))
    return int(np.unpackbits(x.view(np.uint8).reshape(-1, 8), axis=1).sum(1).min()) <= limit

def add(tar, name, data):
    info = tarfile.TarInfo(name); info.size = len(data); tar.addfile(info, io.BytesIO(data))

def main():
    random.seed(1)
    with Pool(2) as pool:
        guard = np.array([h for pair in pool.map(hashes, GUARD, 16) for h in pair], dtype=np.uint64)
        jobs = [(f"{s}/{i:05d}", f) for s, fs in SOURCES.items() for i, f in enumerate(fs)]
        done, dropped, failed, double, own = {}, {}, 0, 0, []
        for name, h, jpeg, webp in pool.imap(one, jobs, 16):
            s = name.split("/")[0]
            if h is None:
                failed += 1; print("failed", name, jpeg); continue
            if near(h, guard, 6):
                dropped[s] = dropped.get(s, 0) + 1
                if s == "cloth" or s.startswith("cloth") : continue
                dropped[s] -= 1
            if s == "cloth" and own and near(h, np.array(own, dtype=np.uint64), 2):
                double += 1; continue
            if s in ("clothsmall", "clothtrain", "cloth"): own.append(h)
            done[name] = (jpeg, webp)
            if len(done) % 1000 == 0: print(len(done), flush=True)
    first = [n for n in done if n.split("/")[0] in ("imagenet", "coco", "osd")]
    rest = [n for n in done if n not in set(first)]
    random.shuffle(first); random.shuffle(rest)
    order = first + rest
    counts = {}
    for n in order: counts[n.split("/")[0]] = counts.get(n.split("/")[0], 0) + 1
    report = {"counts": counts, "near test or validation, dropped": dropped, "doubles of own clothes, dropped": double, "failed": failed, "guard photos": len(GUARD)}
    for folder, which, ext, top, later in (("pack", 0, "jpg", 40e6, 55.8e6), ("lean", 1, "webp", 27.0e6, 40.5e6)):
        os.makedirs(H + folder, exist_ok=True)
        for f in glob.glob(H + folder + "/p*.tar"): os.remove(f)
        k, size, tar, sizes = -1, 1e18, None, []
        for n in order:
            data = done[n][which]
            need = 512 + (len(data) + 511) // 512 * 512
            if size + need + 10240 > (top if k == 0 else later):
                if tar: tar.close()
                k += 1; size = 0; tar = tarfile.open(f"{H}{folder}/p{k}.tar", "w")
            add(tar, f"{n}.{ext}", data); size += need
        tar.close()
        report[folder] = {os.path.basename(f): os.path.getsize(f) for f in sorted(glob.glob(H + folder + "/p*.tar"))}
    random.seed(2)
    val = [("clothing", f) for f in files(D + "clothing/validation/*/*")[:60]] + [("camvid", f) for f in sorted(random.sample(files(D + "camvid/train/images/*"), 60))]
    for folder in ("pack", "lean"):
        with tarfile.open(f"{H}{folder}/val.tar", "w") as tar:
            for i, (s, f) in enumerate(val):
                out = io.BytesIO(); opened(f).resize((224, 224), Image.BICUBIC).save(out, "JPEG", quality=95, subsampling=0)
                add(tar, f"{s}/{i:05d}.jpg", out.getvalue())
        report[folder]["val.tar"] = os.path.getsize(f"{H}{folder}/val.tar")
    json.dump(report, open(H + "pack-report.json", "w"), indent=1)
    print(json.dumps(report, indent=1))

if __name__ == "__main__":
    main()
