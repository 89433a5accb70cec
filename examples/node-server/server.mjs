/** A server without a framework: node examples/node-server/server.mjs [PORT]. POST an image to /vector, or { "urls": [...] } to /vectors. */
import { createServer } from "node:http";
import { buffer, json } from "node:stream/consumers";
import { extract, extractMany, loadModel } from "s2-vision/node";

const model = await loadModel(); // once: all requests share it
const options = { scales: [1, 2] };

/** The image as one vector: the [CLS] token of both scales, or the first token where the model has none. */
const vectorOf = (features) => [...features.vector(0)];

const routes = {
  /** Bytes of an image to { vector }. */
  async "POST /vector"(request) {
    return { vector: vectorOf(await extract(model, await buffer(request), options)) };
  },
  /** Addresses of images to a list in the same order; one that fails has its error. Allow only hosts that you trust. */
  async "POST /vectors"(request) {
    const { urls } = await json(request);
    const vectors = [];
    for await (const { features, error } of extractMany(model, urls, { ...options, concurrency: 4 }))
      vectors.push(features ? { vector: vectorOf(features) } : { error: error.message });
    return { vectors };
  },
};

const server = createServer(async (request, response) => {
  const route = routes[`${request.method} ${request.url}`];
  const answer = (status, value) => response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(value));
  if (!route) return answer(404, { error: `There is no ${request.method} ${request.url}.` });
  try {
    answer(200, await route(request));
  } catch (error) {
    // An S2Error has a code: the image or the options are at fault, not the server.
    answer(error.code?.startsWith("image") ? 400 : 500, { code: error.code, error: error.message });
  }
});
server.listen(Number(process.argv[2] ?? 8080), "127.0.0.1", () => console.log(`http://127.0.0.1:${server.address().port}`));
