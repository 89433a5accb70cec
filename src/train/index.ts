/** Gradients as graphs, optimisers, the fit loop. */
export type {};
