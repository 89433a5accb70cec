/** The worker of a bundled page that asked for WebGPU: ONNX Runtime's larger build is put into it by the bundler. */
import * as ort from "onnxruntime-web/webgpu";
import { serve } from "./serve.ts";

serve(async () => ort);
