/**
 * An exported file in Node, with none of this package: node examples/exported/run.mjs FILE.onnx IMAGE prints the features' dims and first numbers.
 * The file is made by: s2 export --model models/s2-tiny --scales 1,2 --bytes -o FILE.onnx
 */
import { InferenceSession, Tensor } from "onnxruntime-node";
import sharp from "sharp";

const [, , file, image] = process.argv;
const session = await InferenceSession.create(file);
const [, height, width] = session.inputMetadata[0].shape; // [batch, height, width, 3]
const pixels = await sharp(image).autoOrient().removeAlpha().resize(width, height, { fit: "fill" }).raw().toBuffer();
const { features } = await session.run({ pixels: new Tensor("uint8", pixels, [1, height, width, 3]) });
console.log(features.dims, [...features.data.slice(0, 3)].map((value) => value.toFixed(2)).join(" "));
