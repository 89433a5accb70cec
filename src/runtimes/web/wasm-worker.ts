/** The worker of a bundled page: ONNX Runtime's WebAssembly build is put into it by the bundler. */
import * as ort from "onnxruntime-web/wasm";
import { serve } from "./serve.ts";

serve(async () => ort);
