/** Many tokens into one vector: the first, means and maxima, or attention with a learned query. */
import { Add, constant, Gather, MatMul, Mul, ReduceMax, ReduceMean, Reshape, type ShapedValue, Slice, Softmax } from "../onnx/index.ts";
