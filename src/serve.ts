/** "s2-vision/serve": a server of features, embeddings and predictions. */
export { openServer, type RunningServer, type ServerOptions } from "./serve/index.ts";
