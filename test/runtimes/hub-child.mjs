/** Downloads the tiny hub's model as a process of its own: hub-child.mjs HUB CACHE; prints the folder. */
import { downloadModel } from "../../dist/runtimes/node/hub.js";

const [hubUrl, cacheDir] = process.argv.slice(2);
console.log(await downloadModel("some-one/small-model.v1", { hubUrl, cacheDir }));
