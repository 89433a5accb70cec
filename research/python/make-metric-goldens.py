"""Makes test/fixtures/metrics: what scikit-learn, torchmetrics, torch and pycocotools say of small made-up predictions.

    python research/python/make-metric-goldens.py        (needs numpy, torch, scikit-learn, torchmetrics, pycocotools)

Segmentation is summed with torch.histc, as MMSegmentation's IoUMetric does it; depth follows the definitions of the Monocular Depth
Estimation Toolbox that DINOv2 evaluates with, in numpy. Both are also held against the libraries where these have the metric.
"""

import contextlib
import io
import json
from pathlib import Path

import numpy as np
import sklearn.metrics as sk
import torch
import torchmetrics.functional as tm
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval
from torchmetrics.functional import retrieval

FOLDER = Path(__file__).parents[2] / "test/fixtures/metrics"
RANDOM = np.random.default_rng(5)


def rounded(array, digits=4):
    return np.round(array, digits).tolist()


def close(*values):
    """Libraries that have the same metric agree."""
    assert np.allclose(values, values[0], rtol=0, atol=1e-7), values
    return float(values[0])


def classification(photos=60, classes=7):
    labels = np.concatenate([np.arange(classes), RANDOM.integers(0, classes - 1, photos - classes)])
    logits = RANDOM.normal(size=(photos, classes)) + 1.2 * np.eye(classes)[labels]
    scores = np.round(np.exp(logits) / np.exp(logits).sum(1, keepdims=True), 5)
    predicted = scores.argmax(1)
    probabilities = scores / scores.sum(1, keepdims=True)  # rounding took up to 1e-5 off
    t, y = torch.tensor(probabilities), torch.tensor(labels)
    top = {
        k: close(
            sk.top_k_accuracy_score(labels, scores, k=k),
            tm.accuracy(t, y, "multiclass", num_classes=classes, average="micro", top_k=k).double().item(),
        )
        for k in (1, 5)
    }
    return {
        "labels": labels.tolist(),
        "scores": rounded(scores, 5),
        "confusion": sk.confusion_matrix(labels, predicted, labels=range(classes)).tolist(),
        "top1": top[1],
        "top5": top[5],
        "meanPerClass": close(
            sk.balanced_accuracy_score(labels, predicted),
            tm.accuracy(t, y, "multiclass", num_classes=classes, average="macro").double().item(),
        ),
        "perClass": sk.recall_score(labels, predicted, average=None).tolist(),
        "brier": sk.brier_score_loss(labels, probabilities, scale_by_half=False),
        "ece": tm.calibration_error(t, y, "multiclass", num_classes=classes, n_bins=15, norm="l1").item(),
    }


def segmentation(photos=5, side=(10, 14), classes=6, ignore=255):
    """Class 4 is nowhere, class 5 is predicted alone; a quarter of the pixels is ignored."""
    truth = RANDOM.integers(0, 4, (photos, *side))
    predicted = np.where(RANDOM.random(truth.shape) < 0.6, truth, RANDOM.choice([0, 1, 2, 3, 5], truth.shape))
    truth[RANDOM.random(truth.shape) < 0.25] = ignore
    areas = []
    for p, y in zip(torch.tensor(predicted), torch.tensor(truth)):
        p, y = p[y != ignore], y[y != ignore]
        areas.append([torch.histc(each.double(), classes, 0, classes - 1).numpy() for each in (p[p == y], p, y)])
    intersection, area_predicted, area_truth = np.array(areas).sum(0)
    with np.errstate(invalid="ignore"):
        iou = intersection / (area_predicted + area_truth - intersection)
        accuracy = intersection / area_truth
    kept = truth != ignore
    present = [0, 1, 2, 3, 5]
    t, y = torch.tensor(predicted), torch.tensor(truth)
    jaccard = tm.classification.multiclass_jaccard_index(t, y, classes, average="macro", ignore_index=ignore)
    return {
        "size": side,
        "classes": classes,
        "ignore": ignore,
        "predicted": predicted.reshape(photos, -1).tolist(),
        "truth": truth.reshape(photos, -1).tolist(),
        "confusion": sk.confusion_matrix(truth[kept], predicted[kept], labels=range(classes)).tolist(),
        "iou": [None if np.isnan(each) else each for each in iou],
        "accuracy": [None if np.isnan(each) else each for each in accuracy],
        "mIoU": close(
            np.nanmean(iou),
            sk.jaccard_score(truth[kept], predicted[kept], labels=present, average="macro"),
            jaccard.double().item(),
        ),
        "mAcc": close(np.nanmean(accuracy), sk.recall_score(truth[kept], predicted[kept], labels=[0, 1, 2, 3], average="macro")),
        "aAcc": close(intersection.sum() / area_truth.sum(), sk.accuracy_score(truth[kept], predicted[kept])),
    }


def depth_of(x, y):
    ratio = np.maximum(x / y, y / x)
    error, log = x - y, np.log(x) - np.log(y)
    return {
        "delta1": (ratio < 1.25).mean(),
        "delta2": (ratio < 1.25**2).mean(),
        "delta3": (ratio < 1.25**3).mean(),
        "absRel": np.mean(np.abs(error) / y),
        "sqRel": np.mean(error**2 / y),
        "rmse": np.sqrt(np.mean(error**2)),
        "rmseLog": np.sqrt(np.mean(log**2)),
        "log10": np.mean(np.abs(np.log10(x) - np.log10(y))),
        "silog": np.sqrt(np.mean(log**2) - np.mean(log) ** 2) * 100,
    }


def depth(photos=4, side=(8, 11), low=1e-3, high=10):
    """Some values are missing (0), some too far; the last photo has none that counts."""
    y = np.round(RANDOM.uniform(0.5, 11, (photos, *side)), 3)
    y[RANDOM.random(y.shape) < 0.2] = 0
    y[-1] = 0
    x = np.round(np.maximum(0.05, np.abs(y + (y == 0)) * RANDOM.lognormal(0.05, 0.3, y.shape)), 3)
    valid = (y > low) & (y < high)
    each = [depth_of(x[i][valid[i]], y[i][valid[i]]) for i in range(photos - 1)]
    together = depth_of(x[valid], y[valid])
    t, target = torch.tensor(x[valid]), torch.tensor(y[valid])
    close(together["rmse"], sk.root_mean_squared_error(y[valid], x[valid]), tm.mean_squared_error(t, target, squared=False).item())
    close(
        together["absRel"],
        sk.mean_absolute_percentage_error(y[valid], x[valid]),
        tm.mean_absolute_percentage_error(t, target).item(),
    )
    return {
        "truth": y.reshape(photos, -1).tolist(),
        "predicted": x.reshape(photos, -1).tolist(),
        "photoMean": {name: float(np.mean([one[name] for one in each])) for name in together},
        "pooled": {name: float(value) for name, value in together.items()},
    }


def ranking(photos=40, classes=5, k=3):
    """Scores of one digit, so that many are equal; class 4 is in no photo."""
    truth = (RANDOM.random((photos, classes)) < [0.5, 0.3, 0.2, 0.1, 0]).astype(int)
    truth[0, :4] = 1
    scores = np.round(np.clip(0.3 * truth + RANDOM.random(truth.shape) * 0.7, 0, 1), 1)
    times = RANDOM.multinomial(photos, np.full(photos, 1 / photos))
    times[0] = max(times[0], 1)
    lists = []
    for _ in range(6):
        relevant = (RANDOM.random(12) < 0.3).astype(int)
        relevant[5] = 1
        order = torch.arange(12, 0, -1).double()
        target = torch.tensor(relevant)
        lists.append(
            {
                "relevant": relevant.tolist(),
                "hit": retrieval.retrieval_hit_rate(order, target, top_k=k).item(),
                "recall": retrieval.retrieval_recall(order, target, top_k=k).double().item(),
                "averagePrecision": close(
                    retrieval.retrieval_average_precision(order, target).double().item(),
                    sk.average_precision_score(relevant, order.numpy()),
                ),
            }
        )
    precision = [sk.average_precision_score(truth[:, i], scores[:, i]) for i in range(4)]
    weighted = [sk.average_precision_score(truth[:, i], scores[:, i], sample_weight=times) for i in range(4)]
    by_torch = tm.classification.multilabel_average_precision(
        torch.tensor(scores), torch.tensor(truth), classes, average="none"
    ).double()
    close(np.abs(by_torch[:4].numpy() - precision).max(), 0)
    return {
        "k": k,
        "lists": lists,
        "truth": truth.tolist(),
        "scores": scores.tolist(),
        "times": times.tolist(),
        "averagePrecision": precision,
        "weighted": weighted,
        "mAP": float(np.mean(precision)),
    }


def objects(photos=8):
    """A detector that finds some boxes exactly and no other: COCO's recall by area is the part of boxes that it found."""
    boxes, found = [], []
    for _ in range(photos):
        count = RANDOM.integers(0, 7)
        sides = np.round(np.exp(RANDOM.uniform(np.log(6), np.log(220), (count, 2))), 1)
        corners = 300.0 * np.arange(count)[:, None] * [1, 0]
        boxes.append(np.concatenate([corners, sides], 1).tolist())
        found.append((RANDOM.random(count) < 0.6).astype(int).tolist())
    truth = [
        {"id": 100 * i + j + 1, "image_id": i, "category_id": 1, "bbox": box, "area": box[2] * box[3], "iscrowd": 0}
        for i, each in enumerate(boxes)
        for j, box in enumerate(each)
    ]
    detected = [
        {"image_id": one["image_id"], "category_id": 1, "bbox": one["bbox"], "score": 0.9}
        for one in truth
        if found[one["image_id"]][(one["id"] - 1) % 100]
    ]
    with contextlib.redirect_stdout(io.StringIO()):
        coco = COCO()
        coco.dataset = {"images": [{"id": i} for i in range(photos)], "categories": [{"id": 1}], "annotations": truth}
        coco.createIndex()
        evaluation = COCOeval(coco, coco.loadRes(detected), "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
    recall = evaluation.eval["recall"][0, 0, :, -1]  # IoU 0.5; all, small, medium, large; 100 detections
    counts = RANDOM.integers(0, 9, (2, photos, 3))
    return {
        "boxes": boxes,
        "found": found,
        "recall": dict(zip(("all", "small", "medium", "large"), recall.tolist())),
        "counts": counts[0].tolist(),
        "predictedCounts": counts[1].tolist(),
        "mae": close(
            sk.mean_absolute_error(counts[0].ravel(), counts[1].ravel()),
            tm.mean_absolute_error(torch.tensor(counts[1]).double(), torch.tensor(counts[0]).double()).item(),
        ),
    }


FOLDER.mkdir(parents=True, exist_ok=True)
for make in (classification, segmentation, depth, ranking, objects):
    text = json.dumps(make(), separators=(",", ":"))
    (FOLDER / f"{make.__name__}.json").write_text(text + "\n")
    print(make.__name__, len(text), "bytes")
