import { EigenvalueDecomposition, Matrix } from "ml-matrix";

/**
 * What of vectors like `rows` can be learned from few images: a map to the same channels that keeps the first `kept` principal components of
 * standardized channels, each by the root of its deviation, so that those which tell images apart count beside the few strongest.
 */
export function mainComponents(rows, kept) {
  const matrix = new Matrix(rows);
  const channels = matrix.columns;
  const mean = matrix.mean("column");
  const deviation = matrix.standardDeviation("column", { mean, unbiased: false });
  const standard = matrix.clone().subRowVector(mean).divRowVector(deviation);
  const correlation = standard.transpose().mmul(standard).div(matrix.rows);
  const { eigenvectorMatrix, realEigenvalues } = new EigenvalueDecomposition(correlation, { assumeSymmetric: true }); // smallest first
  const axes = eigenvectorMatrix.subMatrix(0, channels - 1, channels - kept, channels - 1);
  const largest = realEigenvalues[channels - 1];
  const strengths = realEigenvalues.slice(-kept).map((variance) => (variance / largest) ** -0.25);
  const map = axes.clone().mulRowVector(strengths).mmul(axes.transpose());
  return (vector) => {
    const away = Matrix.rowVector(Array.from(vector, (value, c) => (value - mean[c]) / deviation[c]));
    return away
      .mmul(map)
      .to1DArray()
      .map((value, c) => mean[c] + deviation[c] * value);
  };
}
