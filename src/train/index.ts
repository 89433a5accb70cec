/** Gradients as graphs, optimisers, the fit loop. */
export { gradients } from "./gradients.ts";
