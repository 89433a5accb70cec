/** Systems of linear equations with a symmetric positive definite matrix, in float64. */

/** Overwrites the lower triangle of [n, n] by its Cholesky factor; returns false when the matrix is not positive definite. */
export function cholesky(matrix: Float64Array, n: number): boolean {
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      const [a, b] = [i * n, j * n];
      let sum = matrix[a + j];
      for (let k = 0; k < j; k++) sum -= matrix[a + k] * matrix[b + k]; // along two rows
      if (j < i) matrix[a + j] = sum / matrix[b + j];
      else if (sum > 0) matrix[a + i] = Math.sqrt(sum);
      else return false;
    }
  }
  return true;
}

/** Solves for one right-hand side [n], in place, with the factor of `cholesky`. */
export function solve(factor: Float64Array, n: number, right: Float64Array): void {
  for (let i = 0; i < n; i++) {
    let sum = right[i];
    for (let k = 0; k < i; k++) sum -= factor[i * n + k] * right[k];
    right[i] = sum / factor[i * n + i];
  }
  for (let i = n - 1; i >= 0; i--) {
    const value = (right[i] /= factor[i * n + i]);
    for (let k = 0; k < i; k++) right[k] -= factor[i * n + k] * value;
  }
}
