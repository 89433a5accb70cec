/** The routes that work on images: features, embeddings, predictions and plans. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { S2Error } from "../core/index.ts";
import { planImage } from "../features/index.ts";
import type { FetchRules } from "./fetch-image.ts";
import { jsonSchema } from "./json-schema.ts";
import type { Metrics } from "./metrics.ts";
import type { Settings } from "./options.ts";
import type { Work } from "./preparation.ts";
import type { PreparationPool } from "./preparation-pool.ts";
import { chooseFormat, featureTypes, jsonFields, readImageText, readRequest } from "./read-request.ts";
import { Refusal } from "./refusals.ts";
import {
  type EmbeddingsAnswer,
  embeddingsAnswer,
  embeddingsRequest,
  featuresRequest,
  planRequest,
  predictRequest,
  readFields,
  refusalBody,
} from "./schemas.ts";
import { answerWith, type ServedHead, type ServedModel } from "./served-models.ts";

/** Parts of a server that its routes use. */
export interface Parts {
  readonly settings: Settings;
  readonly models: ReadonlyMap<string, ServedModel>;
  readonly heads: ReadonlyMap<string, ServedHead>;
  readonly pool: PreparationPool;
  readonly metrics: Metrics;
}

export function addImageRoutes(app: FastifyInstance, { settings, models, heads, pool, metrics }: Parts): void {
  const named = <T>(all: ReadonlyMap<string, T>, what: "model" | "head", name = all.keys().next().value): T => {
    const found = name === undefined ? undefined : all.get(name);
    if (found) return found;
    const known = [...all.keys()].map((each) => `"${each}"`).join(", ");
    throw new S2Error(
      "option",
      `There is no ${what} ${name === undefined ? "here" : `"${name}"`}; ${known ? `there are ${known}` : "the server was started without"}.`,
      { option: what },
    );
  };

  /** Aborts when the client goes away or the time is over. */
  const signalOf = (reply: FastifyReply): AbortSignal => {
    const gone = new AbortController();
    reply.raw.once("close", () => {
      if (reply.raw.writableFinished) return;
      metrics.canceled();
      gone.abort(new Refusal(499, "The client went away."));
    });
    return AbortSignal.any([gone.signal, AbortSignal.timeout(1000 * settings.maxSeconds)]);
  };

  const rulesOf = (signal: AbortSignal): FetchRules => ({ hosts: settings.allowHosts, maxBytes: settings.maxBytes, signal });

  const prepare = <W extends Work["wanted"]>(
    image: Uint8Array,
    served: ServedModel,
    extraction: Work["extraction"],
    wanted: W,
    { request, signal }: { readonly request: object; readonly signal: AbortSignal },
  ) => {
    const work = { bytes: image, model: served.name, wanted, extraction: extractionFor(served, extraction, settings) };
    return pool.prepare(work as Work & { readonly wanted: W }, { answer: answerWith(served, request, signal), signal });
  };

  app.post(
    "/v1/features",
    { schema: imageSchema("Features of an image at several scales", featuresRequest, featuresAnswers) },
    async (request, reply) => {
      const signal = signalOf(reply);
      const format = chooseFormat(request.headers.accept);
      const { image, fields } = await readRequest(request, rulesOf(signal));
      const { model, dtype = "float32", ...options } = readFields(featuresRequest, fields);
      const wanted = { kind: "features", format, dtype } as const;
      const { body, tiles } = await prepare(needed(image), named(models, "model", model), options, wanted, {
        request,
        signal,
      });
      note(request, 1, tiles);
      return reply
        .type(featureTypes[format][0])
        .header("X-S2-Tiles", tiles)
        .send(Buffer.from(body.buffer, body.byteOffset, body.byteLength));
    },
  );

  app.post(
    "/v1/embeddings",
    { schema: jsonRouteSchema("Vectors of images, in OpenAI's shape", embeddingsRequest, embeddingsAnswer) },
    async (request, reply) => {
      const signal = signalOf(reply);
      const {
        model,
        input,
        encoding_format,
        user: _,
        pooling,
        ...options
      } = readFields(embeddingsRequest, jsonFields(request.body));
      const inputs = [input].flat();
      if (inputs.length > settings.maxImages)
        throw new S2Error(
          "option",
          `The request has ${inputs.length} images; the limit is ${settings.maxImages}. Send several requests.`,
        );
      const served = named(models, "model", model);
      const wanted = { kind: "vector", pooling } as const;
      const failed = new AbortController(); // the other images are then for nothing
      const both = AbortSignal.any([signal, failed.signal]);
      const one = async (text: string) => {
        const image = await readImageText(text, rulesOf(both));
        return prepare(image, served, options, wanted, { request, signal: both });
      };
      const results = await Promise.all(inputs.map(one)).catch((error) => {
        failed.abort(error);
        throw error;
      });
      const tiles = results.reduce((sum, each) => sum + each.tiles, 0);
      note(request, inputs.length, tiles);
      const encode = (vector: Float32Array) =>
        encoding_format === "base64"
          ? Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength).toString("base64")
          : Array.from(vector);
      const data = results.map(({ vector }, index) => ({ object: "embedding" as const, index, embedding: encode(vector) }));
      return {
        object: "list",
        data,
        model: served.name,
        usage: { prompt_tokens: tiles, total_tokens: tiles },
      } satisfies EmbeddingsAnswer;
    },
  );

  app.post(
    "/v1/predict",
    { schema: imageSchema("Prediction of a saved head for an image", predictRequest) },
    async (request, reply) => {
      const signal = signalOf(reply);
      const { image, fields } = await readRequest(request, rulesOf(signal));
      const { head: name = heads.keys().next().value } = readFields(predictRequest, fields);
      const { model, extraction } = named(heads, "head", name);
      const { prediction, tiles } = await prepare(
        needed(image),
        model,
        extraction,
        { kind: "prediction", head: name! },
        { request, signal },
      );
      note(request, 1, tiles);
      return { head: name, model: model.name, ...prediction };
    },
  );

  app.post(
    "/v1/plan",
    { schema: imageSchema("Plan of an image: its tiles, before any model runs", planRequest) },
    async (request, reply) => {
      const signal = signalOf(reply);
      const { image, fields } = await readRequest(request, rulesOf(signal));
      const { model, width, height, ...options } = readFields(planRequest, fields);
      const served = named(models, "model", model);
      if (image) return (await prepare(image, served, options, { kind: "plan" }, { request, signal })).plan;
      if (width === undefined || height === undefined)
        throw new S2Error("option", "The request has neither an image nor width and height; send one of them.", {
          option: ["width", "height"],
        });
      return planImage({ width, height }, extractionFor(served, options, settings), served.model.traits);
    },
  );
}

/** Adds the server's limits to the options of a plan. Dynamic S² would take its tile from the scales; here it is the model's. */
function extractionFor(
  { model, batch }: ServedModel,
  extraction: Work["extraction"],
  { maxTiles }: Settings,
): Work["extraction"] {
  const tile = extraction.maxTiles !== undefined && model.traits.imageSize && { maxSplitSize: model.traits.imageSize };
  return { ...extraction, ...tile, maxTilesPerImage: maxTiles, splitForward: batch };
}

function needed(image: Uint8Array | undefined): Uint8Array {
  if (image) return image;
  throw new S2Error("option", "The request has no image; send its bytes, a form with a file, or JSON with image.", {
    option: "image",
  });
}

/** Numbers of a request for its line in the log. */
export const noted = new WeakMap<FastifyRequest, { readonly images: number; readonly tiles: number }>();
const note = (request: FastifyRequest, images: number, tiles: number) => noted.set(request, { images, tiles });

const refusals = {
  "4xx": { description: "A refusal", content: { "application/problem+json": { schema: jsonSchema(refusalBody) } } },
};
const binary = { schema: { type: "string", format: "binary" } };
const featuresAnswers = {
  [featureTypes.safetensors[0]]: binary,
  [featureTypes.npy[0]]: binary,
  "application/json": { schema: { type: "object" } },
};

type RouteSchema =
  | typeof featuresRequest
  | typeof predictRequest
  | typeof planRequest
  | typeof embeddingsRequest
  | typeof embeddingsAnswer;

/** Describes a route that takes an image in any form. */
function imageSchema(
  summary: string,
  fields: RouteSchema,
  answers: object = { "application/json": { schema: { type: "object" } } },
) {
  const querystring = jsonSchema(fields);
  const withImage = (image: object) => ({ type: "object", properties: { image, ...(querystring.properties as object) } });
  const content = {
    "image/*": binary,
    "multipart/form-data": { schema: withImage(binary.schema) },
    "application/json": {
      schema: withImage({ type: "string", description: "base64, a data URL, or the address of an allowed host" }),
    },
  };
  return { summary, querystring, body: { content }, response: { 200: { description: summary, content: answers }, ...refusals } };
}

function jsonRouteSchema(summary: string, body: RouteSchema, answer: RouteSchema) {
  const content = { "application/json": { schema: jsonSchema(answer) } };
  return {
    summary,
    body: { content: { "application/json": { schema: jsonSchema(body) } } },
    response: { 200: { description: summary, content }, ...refusals },
  };
}
