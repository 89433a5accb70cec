/** A model repository of NVIDIA Triton: `NAME/config.pbtxt` and `NAME/1/model.onnx` in its folder. */
import { join } from "node:path";
import { type ModelProto, tritonConfig } from "../../onnx/index.ts";
import { saveFiles, saveOnnx } from "./onnx-files.ts";
import { onnxOutputs, refuseForeign } from "./refuse-foreign.ts";

/** Returns the paths of a model in the repository. @throws S2Error "write" where they would replace files of someone else. */
export function tritonFiles(repository: string, name: string): { readonly folder: string; readonly model: string } {
  const folder = join(repository, name);
  const model = join(folder, "1", "model.onnx");
  refuseForeign([
    ...onnxOutputs(model).map((output) => ({ ...output, named: false })),
    { path: join(folder, "config.pbtxt"), beside: model },
  ]);
  return { folder, model };
}

/** Writes a model into the repository and returns its files. @throws S2Error "write", "onnx-file". */
export function saveTriton(
  repository: string,
  name: string,
  model: ModelProto,
  maxBatch: number,
): { path: string; bytes: number }[] {
  const { folder, model: path } = tritonFiles(repository, name);
  const config = new TextEncoder().encode(tritonConfig(model, { name, maxBatch }));
  const files = saveOnnx(path, model);
  saveFiles(folder, { "config.pbtxt": config });
  return [...files, { path: join(folder, "config.pbtxt"), bytes: config.length }];
}
