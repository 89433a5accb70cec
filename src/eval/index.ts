/** Data sets, metrics, comparisons and the paper's experiments. */
export type {};
