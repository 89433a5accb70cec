/** Options of the server and their defaults: what it serves, where it listens, and its limits. */
import { badOption, checkNames } from "../core/index.ts";
import type { LoadModelOptions } from "../runtimes/node/index.ts";

/** Options of `openServer`. */
export interface ServerOptions {
  /** Sources of models by name, as `loadModel` takes them; the first is the default. Default: s2-tiny. */
  readonly models?: Readonly<Record<string, string | undefined>>;
  /** Folders of saved heads by name, each fitted on one of the models. */
  readonly heads?: Readonly<Record<string, string>>;
  /** Options of `loadModel` for all models. Default of `threads`: the processors that `workers` leave, at least 1. */
  readonly load?: LoadModelOptions;
  /** Address to listen on. Default "127.0.0.1": this machine alone. */
  readonly host?: string;
  /** Port; 0 (default) takes a free one. */
  readonly port?: number;
  /** The most tiles of one run of a model, of all requests together. Default 8. */
  readonly batch?: number;
  /** Threads that decode, resize and cut. Default: one less than the processors, 1 to 4. */
  readonly workers?: number;
  /** Bearer tokens, one of which every request must have but those for health, the page and the OpenAPI document. Default: none is asked for. */
  readonly tokens?: readonly string[];
  /** Hosts that images may be fetched from, and then from public addresses alone. Default: none. */
  readonly allowHosts?: readonly string[];
  /** Most bytes of a request. Default 20 MiB. */
  readonly maxBytes?: number;
  /** Most pixels of an image. Default 2^25 (33 megapixels). */
  readonly maxPixels?: number;
  /** Most tiles of an image. Default 256. */
  readonly maxTiles?: number;
  /** Most images of a request for embeddings. Default 64. */
  readonly maxImages?: number;
  /** Seconds until a request is given up. Default 60. */
  readonly maxSeconds?: number;
  /** Most requests under way, beyond which others get 503. Default 64. */
  readonly maxRequests?: number;
  /** Most requests of one token, or of one address where none is asked for, in a minute. Default: no limit. */
  readonly ratePerMinute?: number;
  /** Takes a line of JSON per request, without anything of its image. Default: no log. */
  readonly log?: { write(line: string): void };
}

const counts = ["batch", "workers", "maxBytes", "maxPixels", "maxTiles", "maxImages", "maxRequests", "ratePerMinute"] as const;
const others = ["models", "heads", "load", "host", "port", "tokens", "allowHosts", "maxSeconds", "log"] as const;

/** Checks options and fills in defaults. @throws S2Error "option". */
export function readOptions(given: ServerOptions, processors: number) {
  const options: ServerOptions = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  checkNames(options, [...counts, ...others]);
  for (const name of counts) {
    const value = options[name];
    if (value !== undefined && !(Number.isInteger(value) && value >= 1))
      throw badOption("option", name, value, "a whole number from 1");
  }
  const { maxSeconds = 60, models = {}, tokens = [], allowHosts = [] } = options;
  if (!(maxSeconds > 0 && maxSeconds <= 3600))
    throw badOption("option", "maxSeconds", maxSeconds, "seconds above 0, at most 3600");
  const short = tokens.find((token) => token.length < 16);
  // The token itself stays out of the message.
  if (short !== undefined) throw badOption("option", "tokens", `a token of ${short.length} characters`, "tokens of 16 or more");
  const { workers = Math.min(4, Math.max(1, processors - 1)) } = options;
  return {
    ...{ host: "127.0.0.1", port: 0, batch: 8, heads: {} },
    ...{ maxBytes: 20 * 2 ** 20, maxPixels: 2 ** 25, maxTiles: 256, maxImages: 64, maxRequests: 64 },
    ...options,
    ...{ workers, load: { threads: Math.max(1, processors - workers), ...options.load } },
    ...{ maxSeconds, tokens, allowHosts: allowHosts.map((host) => host.toLowerCase()) },
    models: Object.keys(models).length > 0 ? models : { "s2-tiny": undefined },
  };
}

export type Settings = ReturnType<typeof readOptions>;
