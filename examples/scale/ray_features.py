"""Features in Ray: python examples/scale/ray_features.py s2.onnx photos.parquet features/

photos.parquet has a column "path" that every node can open.
"""

import sys

from features import Features


def extract(dataset, file, workers=8, batch_size=64):
    """Maps a Ray data set of paths to vectors with `workers` actors, each of which loads the file once."""
    return dataset.map_batches(
        Features,
        fn_constructor_kwargs={"file": file},
        batch_size=batch_size,
        batch_format="numpy",
        num_cpus=1,
        concurrency=workers,
    )


if __name__ == "__main__":
    import ray

    extract(ray.data.read_parquet(sys.argv[2], columns=["path"]), sys.argv[1]).write_parquet(sys.argv[3])
