/** Hides @huggingface/tokenizers, as where it was never installed (`node --import`). */
import { register } from "node:module";

const hook = `export async function resolve(name, context, next) {
  if (name === "@huggingface/tokenizers") throw new Error("Cannot find package");
  return next(name, context);
}`;
register(`data:text/javascript,${encodeURIComponent(hook)}`);
