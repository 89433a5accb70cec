/** As `--import` of Node: @huggingface/tokenizers is not to be found, as where it was never installed. */
import { register } from "node:module";

const hook = `export async function resolve(name, context, next) {
  if (name === "@huggingface/tokenizers") throw new Error("Cannot find package");
  return next(name, context);
}`;
register(`data:text/javascript,${encodeURIComponent(hook)}`);
