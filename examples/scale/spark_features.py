"""Features in Spark: spark-submit --py-files examples/scale/features.py examples/scale/spark_features.py s2.onnx photos.parquet features.parquet

photos.parquet has a column "path" that every executor can open.
"""

import sys

import pandas
from features import Features

SCHEMA = "path string, error string, vector array<float>"


def mapper(file):
    """Returns the function for mapInPandas: each Python worker loads the file once for all batches of its partition."""

    def map_batches(frames):
        features = Features(file)
        for frame in frames:
            columns = features(frame)
            # dtype object keeps None, which pandas would turn to NaN and Spark to a string
            yield pandas.DataFrame({name: pandas.Series(list(values), dtype=object) for name, values in columns.items()})

    return map_batches


if __name__ == "__main__":
    from pyspark.sql import SparkSession

    spark = SparkSession.builder.appName("s2-features").getOrCreate()
    photos = spark.read.parquet(sys.argv[2]).select("path")
    photos.mapInPandas(mapper(sys.argv[1]), SCHEMA).write.mode("errorifexists").parquet(sys.argv[3])
