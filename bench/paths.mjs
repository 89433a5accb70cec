/** Paths of what is not in the repository: the model, an image, Python, the authors' code. Each may be absent. */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("..", import.meta.url));
const shared = process.env.S2_SHARED ?? resolve(root, "../shared");

/** DeiT-Tiny as a hub folder: onnx/model.onnx, model.safetensors and configs. */
export const deitTiny = join(shared, "models/deit_tiny_patch16_224");
export const coffee = join(shared, "data/examples/skimage-coffee.jpg");
export const python = process.env.S2_PYTHON ?? "python3";

/** Why a bench cannot run here, as a sentence, or undefined. */
export function missing(...paths) {
  const absent = paths.find((path) => !existsSync(path));
  return absent && `${absent} is not here (S2_SHARED says where models and data lie)`;
}

/** Why Python cannot run `modules`, as a sentence, or undefined. */
export function missingInPython(...modules) {
  try {
    execFileSync(python, ["-c", `import ${modules.join(", ")}`], { stdio: ["ignore", "ignore", "pipe"] });
  } catch (error) {
    const reason = String(error.stderr ?? "")
      .trim()
      .split("\n")
      .at(-1);
    return `${python} cannot import ${modules.join(", ")} (${reason || error.code}); S2_PYTHON names another one`;
  }
}
