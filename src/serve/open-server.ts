/** `openServer`: features, embeddings and predictions over HTTP; models run in their own threads, images are prepared in others. */
import { randomUUID } from "node:crypto";
import type { AddressInfo } from "node:net";
import { availableParallelism } from "node:os";
import type { FastifyRequest } from "fastify";
import { authorizer } from "./authorize.ts";
import { logLine } from "./log.ts";
import { type Metrics, openMetrics, optionalPackage } from "./metrics.ts";
import { readOptions, type ServerOptions, type Settings } from "./options.ts";
import { openPreparation } from "./preparation-pool.ts";
import { Refusal, refusalOf } from "./refusals.ts";
import { addImageRoutes, type Parts } from "./routes.ts";
import { closeModels, factsOf, openHeads, openModels } from "./served-models.ts";
import { addStatusRoutes, openPaths } from "./status-routes.ts";

/** A server that listens. */
export interface RunningServer {
  /** Address of the server, without a slash at its end. */
  readonly url: string;
  /** Takes no new connections, waits for the requests under way, then frees models and threads. */
  close(): Promise<void>;
}

/**
 * Loads models and heads and starts a server: POST /v1/features, /v1/embeddings (OpenAI's shape), /v1/predict and /v1/plan take an image;
 * GET /healthz, /readyz, /metrics and /openapi.json say how it is. Tiles of different requests run together, and requests take turns.
 * @throws S2Error "option", "package-missing" without fastify and its plugins, "head", and those of `loadModel`; the system's error for a port in use.
 */
export async function openServer(options: ServerOptions = {}): Promise<RunningServer> {
  const settings = readOptions(options, availableParallelism());
  const metrics = await openMetrics();
  const models = await openModels(settings, metrics.batch);
  try {
    const heads = await openHeads(settings.heads, models);
    const threads = {
      models: Object.fromEntries([...models].map(([name, each]) => [name, factsOf(each)])),
      heads: settings.heads,
    };
    const pool = openPreparation(settings.workers, { ...threads, maxPixels: settings.maxPixels });
    const parts: Parts = { settings, models, heads, pool, metrics };
    const app = await openApp(parts).catch(async (error) => {
      await pool.close();
      throw error;
    });
    app.addHook("onClose", async () => {
      await pool.close();
      await closeModels(models);
    });
    try {
      await app.listen({ host: settings.host, port: settings.port });
    } catch (error) {
      await app.close();
      throw error;
    }
    const { address, port, family } = app.server.address() as AddressInfo;
    return { url: `http://${family === "IPv6" ? `[${address}]` : address}:${port}`, close: () => app.close() };
  } catch (error) {
    await closeModels(models);
    throw error;
  }
}

async function openApp(parts: Parts) {
  const { settings, metrics, models } = parts;
  const { fastify } = await optionalPackage(() => import("fastify"), "fastify");
  const app = fastify({
    bodyLimit: settings.maxBytes,
    requestTimeout: 1000 * settings.maxSeconds, // a client that sends slowly
    keepAliveTimeout: 5000,
    forceCloseConnections: "idle",
    genReqId: () => randomUUID(),
    exposeHeadRoutes: false,
    routerOptions: { maxParamLength: 200 },
  });
  // Requests are checked where they are read, by the schemas that the document is made of.
  app.setValidatorCompiler(() => () => true);
  app.setSerializerCompiler(() => (data) => JSON.stringify(data));
  app.removeContentTypeParser("text/plain");
  app.addContentTypeParser(/^(image\/.*|application\/octet-stream)$/, { parseAs: "buffer" }, (_, body, done) => done(null, body));

  let closing = false;
  let giveUp: NodeJS.Timeout | undefined;
  app.addHook("preClose", async () => {
    closing = true;
    // Node checks no time limits after the stop: a client that sends or reads no further would hold the server for ever.
    giveUp = setTimeout(() => app.server.closeAllConnections(), 1000 * settings.maxSeconds);
  });
  app.addHook("onClose", async () => clearTimeout(giveUp));
  const underWay = guardRequests(app, settings, metrics);
  metrics.watch(models, underWay);
  await addPlugins(app, settings);
  app.addHook("onSend", async (request, reply) => {
    reply.header("X-Request-Id", request.id).header("X-Content-Type-Options", "nosniff");
    if (closing) reply.header("Connection", "close");
  });
  app.addHook("onResponse", async (request, reply) => {
    const route = request.routeOptions.url ?? "none";
    metrics.answered(route, reply.statusCode, reply.elapsedTime);
    settings.log?.write(logLine(request, reply));
    // A connection whose answer was begun before the stop would be kept alive.
    if (closing) setImmediate(() => app.server.closeIdleConnections());
  });
  app.setErrorHandler((error, request, reply) => {
    const { body: refusal, headers } = refusalOf(error, request.id);
    if (refusal.status >= 500 && !(error instanceof Refusal)) settings.log?.write(logLine(request, reply, error));
    const openAi = { error: { message: refusal.detail, type: refusal.title, code: refusal.code ?? null } };
    const body = request.routeOptions.url === "/v1/embeddings" ? { ...refusal, ...openAi } : refusal;
    return reply.status(refusal.status).headers(headers).type("application/problem+json").send(JSON.stringify(body));
  });
  app.setNotFoundHandler((request) => {
    throw new Refusal(
      404,
      `There is no ${request.method} ${request.url.split("?")[0].slice(0, 100)}; /openapi.json lists what there is.`,
    );
  });
  addImageRoutes(app, parts);
  addStatusRoutes(app, parts, () => closing);
  return app;
}

type App = Parameters<typeof addImageRoutes>[0];

/** Names the client of a request: its token, or its address where none is asked for. */
const clients = new WeakMap<FastifyRequest, string>();

/** Checks the token, and that there is room, before a body is read. Returns the number of requests under way. */
function guardRequests(app: App, { tokens, maxRequests }: Settings, metrics: Metrics): () => number {
  const authorize = authorizer(tokens);
  let underWay = 0;
  app.addHook("onRequest", async (request, reply) => {
    const path = request.url.split("?")[0];
    if (openPaths.has(path)) return;
    clients.set(request, String(authorize(request.headers.authorization) ?? request.ip));
    if (request.method !== "POST") return;
    if (underWay >= maxRequests) {
      const headers = { "Retry-After": String(await secondsToWait(metrics)), Connection: "close" };
      throw new Refusal(503, `The server has ${underWay} requests under way, its limit; try again later.`, headers);
    }
    underWay++;
    reply.raw.once("close", () => underWay--);
  });
  return () => underWay;
}

/** Returns the mean time of a request so far in whole seconds, at least 1: by then some of those under way are done. */
async function secondsToWait({ registry }: Metrics): Promise<number> {
  const histogram = await registry.getSingleMetric("s2_request_seconds")!.get();
  const sumOf = (end: string) =>
    (histogram.values as { metricName?: string; value: number }[])
      .filter(({ metricName }) => metricName?.endsWith(end))
      .reduce((sum, { value }) => sum + value, 0);
  return Math.max(1, Math.ceil(sumOf("_sum") / Math.max(1, sumOf("_count"))));
}

async function addPlugins(app: App, { maxBytes, ratePerMinute, tokens }: Settings): Promise<void> {
  const multipart = await optionalPackage(() => import("@fastify/multipart"), "@fastify/multipart");
  const swagger = await optionalPackage(() => import("@fastify/swagger"), "@fastify/swagger");
  await app.register(multipart.default, { limits: { fileSize: maxBytes, files: 1, fields: 32, fieldSize: 1000, parts: 33 } });
  await app.register(swagger.default, {
    openapi: {
      openapi: "3.1.0",
      info: { title: "s2-vision server", description: "Multi-scale features of images.", version: "1" },
      ...(tokens.length > 0 && { security: [{ bearer: [] }] }),
      components: { securitySchemes: { bearer: { type: "http", scheme: "bearer" } } },
    },
  });
  if (ratePerMinute === undefined) return;
  const limit = await optionalPackage(() => import("@fastify/rate-limit"), "@fastify/rate-limit");
  await app.register(limit.default, {
    max: ratePerMinute,
    timeWindow: 60_000,
    allowList: (request) => openPaths.has(request.url.split("?")[0]),
    keyGenerator: (request) => clients.get(request) ?? request.ip,
    errorResponseBuilder: (_, { max, after }) =>
      new Refusal(429, `More than ${max} requests in a minute; try again in ${after}.`),
  });
}
