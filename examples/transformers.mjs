/** S² with a transformers.js model: node examples/transformers.mjs IMAGE MODELS NAME, the model in the folder MODELS/NAME. */
import { AutoModel, AutoProcessor, env } from "@huggingface/transformers";
import { extract } from "s2-vision/node";
import { fromTransformers } from "s2-vision/transformers";

const [image, models, name] = process.argv.slice(2);
Object.assign(env, { allowRemoteModels: false, localModelPath: models });

const model = fromTransformers(
  await AutoModel.from_pretrained(name, { dtype: "fp32" }),
  await AutoProcessor.from_pretrained(name),
);
const features = await extract(model, image, { scales: [1, 2], fit: "squash" });
console.log(features.dims);
