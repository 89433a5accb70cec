"""Makes test/fixtures/heads: what scikit-learn (and SciPy where it has no such head) computes on small made-up features; and, where
../shared is, how many photos of clothing's test split scikit-learn tells right from DeiT-Tiny's features.

    python research/python/make-head-goldens.py        (needs numpy, scipy, scikit-learn, torch; for the photos onnxruntime and Pillow)

Features are of two scales, 16 and 8 channels. They are standardised as the heads do: StandardScaler, then each scale times
sqrt(channels / (scales * width)). Coefficients are stored for features as they are.
"""

import json
from pathlib import Path

import numpy as np
import torch
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression, Ridge, RidgeClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.preprocessing import StandardScaler

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "test/fixtures/heads"
SHARED = ROOT / "../shared"
WIDTHS, CLASSES, OUTPUTS = (16, 8), 4, 3
CHANNELS = sum(WIDTHS)
ROWS = {"train": 240, "validation": 60, "test": 90}
RANDOM = np.random.default_rng(11)

blob, cases = bytearray(), []


def store(array, kind="f32"):
    array = np.ascontiguousarray(array, {"f32": np.float32, "u8": np.uint8}[kind])
    blob.extend(b"\0" * (-len(blob) % 8))
    entry = {"dtype": kind, "shape": list(array.shape), "offset": len(blob), "bytes": array.nbytes}
    blob.extend(array.tobytes())
    return entry


def case(name, **fields):
    cases.append({"name": name, **fields})


def features():
    """Overlapping classes; channels that depend on each other, with means far from 0 and deviations from 0.1 to 10."""
    mix = RANDOM.standard_normal((CHANNELS, CHANNELS)) * 10 ** RANDOM.uniform(-1, 0.5, CHANNELS)
    centres, offset = RANDOM.standard_normal((CLASSES, CHANNELS)) * 0.45, RANDOM.standard_normal(CHANNELS) * 5
    for name, count in ROWS.items():
        labels = RANDOM.integers(0, CLASSES, count)
        rows = (RANDOM.standard_normal((count, CHANNELS)) + centres[labels]) @ mix + offset
        yield name, np.float32(rows), labels


def by_scale():
    return np.concatenate([np.full(width, np.sqrt(CHANNELS / (len(WIDTHS) * width))) for width in WIDTHS])


class Standard:
    def __init__(self, rows):
        self.scaler = StandardScaler().fit(np.float64(rows))
        self.factor = by_scale() / self.scaler.scale_

    def __call__(self, rows):
        return (np.float64(rows) - self.scaler.mean_) * self.factor

    def folded(self, weight, bias):
        weight = weight * self.factor
        return weight, bias - weight @ self.scaler.mean_


rows, labels = {}, {}
for name, r, y in features():
    rows[name], labels[name] = r, y
    case(f"rows {name}", rows=store(r), labels=store(y, "u8"))
standard = Standard(rows["train"])
z = {name: standard(r) for name, r in rows.items()}

# Logistic regression.
for c in (0.01, 1, 30):
    model = LogisticRegression(C=c, tol=1e-8, max_iter=20000).fit(z["train"], labels["train"])
    case(
        f"logistic {c}",
        c=c,
        probabilities=store(model.predict_proba(z["test"])),
        right=int((model.predict(z["test"]) == labels["test"]).sum()),
        validation=float(-np.log(model.predict_proba(z["validation"])[np.arange(60), labels["validation"]]).mean()),
    )

# The same with shares of classes: every row as often as there are classes, each with its share as weight.
shares = RANDOM.dirichlet(np.full(CLASSES, 0.5), ROWS["train"]) * RANDOM.uniform(0, 1, (ROWS["train"], 1))
shares[:20] = 0
shares = np.float32(shares)
model = LogisticRegression(C=2, tol=1e-8, max_iter=20000).fit(
    np.repeat(z["train"], CLASSES, 0), np.tile(np.arange(CLASSES), ROWS["train"]), sample_weight=np.float64(shares).ravel()
)
case("shares", c=2, shares=store(shares), probabilities=store(model.predict_proba(z["test"])))

# Ridge regression, without and with weights; the classifier.
truth = RANDOM.standard_normal((CHANNELS, OUTPUTS))
targets = np.float32(z["train"] @ truth + RANDOM.standard_normal((ROWS["train"], OUTPUTS)) + 7)
weights = np.float32(RANDOM.uniform(0, 2, ROWS["train"]))
for alpha in (0.1, 10, 1000):
    for name, given in (("ridge", None), ("weighted ridge", weights)):
        model = Ridge(alpha=alpha).fit(z["train"], np.float64(targets), sample_weight=given)
        weight, bias = standard.folded(model.coef_, model.intercept_)
        case(
            f"{name} {alpha}",
            alpha=alpha,
            targets=store(targets),
            **({"weights": store(weights)} if given is not None else {}),
            weight=store(weight),
            bias=store(bias),
        )
    model = RidgeClassifier(alpha=alpha).fit(z["train"], labels["train"])
    case(
        f"ridge classifier {alpha}",
        alpha=alpha,
        scores=store(model.decision_function(z["test"])),
        right=int((model.predict(z["test"]) == labels["test"]).sum()),
    )

# Neighbours: the cosine of each scale, averaged.
def unit(r):
    parts = np.split(np.float64(r), np.cumsum(WIDTHS)[:-1], axis=1)
    return np.concatenate([p / np.linalg.norm(p, axis=1, keepdims=True) for p in parts], 1) / np.sqrt(len(WIDTHS))


for k, temperature in ((20, 0.07), (1, 0.07), (5, 1)):
    model = KNeighborsClassifier(k, metric="cosine", weights=lambda d, t=temperature: np.exp((1 - d) / t))
    model.fit(unit(rows["train"]), labels["train"])
    case(
        f"neighbours {k} {temperature}",
        k=k,
        temperature=temperature,
        probabilities=store(model.predict_proba(unit(rows["test"]))),
        right=int((model.predict(unit(rows["test"])) == labels["test"]).sum()),
    )

# Losses of scores and their gradients, by torch's autograd in float64.
def gradient_case(name, scores, loss, **fields):
    scores = torch.tensor(np.float64(scores), requires_grad=True)
    value = loss(scores)
    value.backward()
    case(name, scores=store(scores.detach().numpy()), loss=value.item(), gradient=store(scores.grad.numpy()), **fields)


# Cross-entropy over pixels: scores of a grid of 3 x 5 tokens and 4 classes, enlarged to 4 x 4 places a token; a token counts as one.
mask = RANDOM.integers(0, CLASSES, (12, 20))
mask[RANDOM.random((12, 20)) < 0.3] = 255


def pixel_loss(scores):
    fine = torch.nn.functional.interpolate(scores.permute(2, 0, 1)[None], size=(12, 20), mode="bilinear", align_corners=False)
    return torch.nn.functional.cross_entropy(fine, torch.tensor(mask)[None], ignore_index=255, reduction="sum") / 16


gradient_case("pixels", np.float32(RANDOM.standard_normal((3, 5, CLASSES)) * 3), pixel_loss, mask=store(mask, "u8"))

# The scale-invariant log loss, DINOv2's before the root: bins weighed by a softmax or by relu + 0.1, spaced linearly or in logarithms.
near, far, bins = 0.5, 8, 16
known = np.float32(np.clip(RANDOM.uniform(-0.5, 1.5, 30), 0, 1))
logs = np.float32(np.log(RANDOM.uniform(near, far, 30)))
for spacing, depths in (("linear", np.linspace(near, far, bins)), ("log", np.geomspace(near, far, bins))):
    for weights in ("softmax", "linear"):

        def depth_loss(scores):
            raw = torch.softmax(scores, 1) if weights == "softmax" else torch.relu(scores) + 0.1
            depth = (raw / raw.sum(1, keepdim=True)) @ torch.tensor(depths)
            gap, w = depth.log() - torch.tensor(np.float64(logs)), torch.tensor(np.float64(known))
            mean = (gap * w).sum() / w.sum()
            variance = ((gap - mean) ** 2 * w).sum() / w.sum()
            return variance + 0.15 * mean**2

        gradient_case(
            f"depth {spacing} {weights}",
            np.float32(RANDOM.standard_normal((30, bins)) * 2),
            depth_loss,
            spacing=spacing,
            weights=weights,
            near=near,
            far=far,
            bins=bins,
            logs=store(logs),
            known=store(known),
        )

# Objects in 12 photos of 4 x 5 tokens: the Poisson process that fits best, from their places and from their photos' counts.
zt = z["train"].reshape(12, 20, CHANNELS)
places = RANDOM.poisson(np.exp(zt[:, :, :2] * 0.5 - 2.5), (12, 20, 2))
decay = 0.05


def poisson(parameters, counts, by_photo):
    weight, bias = parameters[:-2].reshape(2, CHANNELS), parameters[-2:]
    scores = zt @ weight.T + bias
    each = np.logaddexp(0, scores)
    expected = each.sum(1, keepdims=True) if by_photo else each
    value = (expected - counts * np.log(expected)).sum() / 12
    slope = (1 - counts / expected) / (1 + np.exp(-scores)) / 12
    gradient = np.concatenate([(np.einsum("ptk,ptc->kc", slope, zt) + decay * weight).ravel(), slope.sum((0, 1))])
    return value + decay / 2 * (weight**2).sum(), gradient


start = np.concatenate([np.zeros(2 * CHANNELS), np.full(2, -4.0)])
for by_photo, name in ((False, "places"), (True, "photos")):
    counts = places.sum(1, keepdims=True) if by_photo else places
    found = minimize(poisson, start, (counts, by_photo), "L-BFGS-B", jac=True, options={"maxiter": 10000, "ftol": 1e-15, "gtol": 1e-9})
    weight, bias = found.x[:-2].reshape(2, CHANNELS), found.x[-2:]
    expected = np.logaddexp(0, z["test"] @ weight.T + bias)
    case(f"objects {name}", decay=decay, loss=float(found.fun), places=store(places, "u8"), expected=store(expected))

FOLDER.mkdir(parents=True, exist_ok=True)
(FOLDER / "data.bin").write_bytes(bytes(blob))
(FOLDER / "cases.json").write_text(json.dumps({"widths": WIDTHS, "cases": cases}, indent=1) + "\n")
