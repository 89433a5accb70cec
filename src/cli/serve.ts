/** `s2 serve` and `s2 mcp`: the library for other programs, over HTTP and as tools of an agent. */
import { basename } from "node:path";
import { type Command, InvalidArgumentError } from "commander";
import { S2Error } from "../core/index.ts";
import type { ServerOptions } from "../serve/index.ts";
import { failingWith, status } from "./errors.ts";
import { readCount, readPositive } from "./flag-values.ts";
import { addModelOptions, type ModelFlags } from "./flags.ts";
import { writeMessage, writeReport } from "./output.ts";

const serveExamples = `
Examples:
  s2 serve
  s2 serve --model tiny=s2-tiny --model dino=onnx-community/dinov2-small-ONNX --head clothes=heads/clothing
  S2_TOKENS=$(openssl rand -hex 24) s2 serve --host 0.0.0.0 --rate-per-minute 600

POST /v1/features, /v1/embeddings (OpenAI's shape), /v1/predict and /v1/plan; GET /healthz, /readyz, /metrics, /openapi.json (docs/server.md).
Tokens come from --token-file, one a line, or from the environment variable S2_TOKENS, with commas between. A line of JSON for each request
goes to standard output. SIGTERM and Ctrl-C end the server when the requests under way are answered; a second one ends it at once.`;

interface ServeFlags
  extends Omit<ModelFlags, "model">,
    Omit<ServerOptions, "models" | "heads" | "load" | "tokens" | "allowHosts" | "log"> {
  model?: Record<string, string>;
  head?: Record<string, string>;
  tokenFile?: string;
  allowHost?: string[];
  quiet?: boolean;
}

/** Reads NAME=PATH into the names given so far; a path alone is named after its last part. */
function readNamed(text: string, before: Record<string, string> = {}): Record<string, string> {
  const at = text.indexOf("=");
  const [name, path] = at < 0 ? [basename(text, ".onnx"), text] : [text.slice(0, at), text.slice(at + 1)];
  if (!/^[\w.-]{1,64}$/.test(name) || path === "" || name in before)
    throw new InvalidArgumentError("Expected NAME=PATH, each name once, of letters, digits, dots, dashes and underscores.");
  return { ...before, [name]: path };
}

export function defineServe(program: Command): void {
  const command = program
    .command("serve")
    .summary("a server of features, embeddings and predictions")
    .description("Serves features, embeddings, predictions and plans over HTTP; tiles of different requests run together.")
    .option(
      "--model <name=model>",
      "a model, as --model elsewhere; may be repeated, the first is the default (default: s2-tiny)",
      readNamed,
    )
    .option("--head <name=folder>", "a head that `s2 fit` wrote, on one of the models; may be repeated", readNamed)
    .option("--host <address>", "address to listen on", "127.0.0.1")
    .option("--port <n>", "port; 0 takes a free one", readCount(0, 65535), 8080)
    .optionsGroup("Work:")
    .option("--batch <n>", "most tiles of one run of a model, of all requests together (default: 8)", readCount(1))
    .option("--workers <n>", "threads that decode, resize and cut (default: the processors less one, 1 to 4)", readCount(1))
    .optionsGroup("Limits:")
    .option("--max-bytes <n>", "of a request (default: 20971520)", readCount(1))
    .option("--max-pixels <n>", "of an image (default: 33554432)", readCount(1))
    .option("--max-tiles <n>", "of an image (default: 256)", readCount(1))
    .option("--max-images <n>", "of a request for embeddings (default: 64)", readCount(1))
    .option("--max-seconds <s>", "for a request (default: 60)", readPositive)
    .option("--max-requests <n>", "requests under way; others get 503 (default: 64)", readCount(1))
    .option("--rate-per-minute <n>", "requests of one token, or of one address, in a minute (default: no limit)", readCount(1))
    .option("--token-file <file>", "bearer tokens, one of which each request must have")
    .option("--allow-host <hosts...>", "hosts that images may be fetched from, if their addresses are public (default: none)")
    .option("--quiet", "no line for each request");
  addModelOptions(command)
    .addHelpText("after", serveExamples)
    .action((flags: ServeFlags) => serve(flags));
}

async function serve({ model, head, tokenFile, allowHost, quiet, verbose: _, ...flags }: ServeFlags): Promise<void> {
  const { openServer } = await import("../serve/index.ts");
  const { threads, device, output, prefixTokens, patchSize, imageSize, offline, ...options } = flags;
  const load = Object.fromEntries(
    Object.entries({ threads, device, output, prefixTokens, patchSize, imageSize, offline }).filter(
      ([, value]) => value !== undefined,
    ),
  );
  const tokens = await readTokensOf(tokenFile);
  const isOpen = !/^(127\.|::1$|localhost$)/.test(options.host ?? "127.0.0.1") && tokens.length === 0;
  if (isOpen)
    writeMessage("note: everyone who reaches this machine may send requests; --token-file or S2_TOKENS ask for a token.\n");
  const log = quiet ? undefined : { write: writeReport };
  const served = { models: model, heads: head, load, tokens, allowHosts: allowHost, ...(log && { log }) };
  const server = await failingWith(status.model, () => openServer({ ...options, ...served }));
  writeMessage(`serving ${Object.keys(model ?? { "s2-tiny": "" }).join(", ")} at ${server.url}\n`);
  await new Promise<void>((resolve) => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => resolve());
  });
  await server.close();
}

/** Reads the tokens of the file or of the environment. @throws S2Error "option" for a file that cannot be read or has none. */
async function readTokensOf(file: string | undefined): Promise<string[]> {
  const { readTokens } = await import("../serve/index.ts");
  const { readFile } = await import("node:fs/promises");
  if (file === undefined) return readTokens((process.env.S2_TOKENS ?? "").replaceAll(",", "\n"));
  const tokens = readTokens(await readFile(file, "utf8"));
  if (tokens.length > 0) return tokens;
  throw new S2Error("option", `${file} has no token; write one a line, such as \`openssl rand -hex 24\` prints.`);
}

const mcpExamples = `
Examples:
  s2 mcp ~/Pictures
  s2 mcp photos/ --head clothes=heads/clothing

Tools: list_images, describe_image, find_similar and predict, for images in the given folders alone. Nothing is written. The protocol is spoken
over standard input and output: an agent's configuration names the command (docs/server.md).`;

export function defineMcp(program: Command): void {
  const command = program
    .command("mcp")
    .summary("tools for agents to search and understand local images")
    .description("Serves the Model Context Protocol: describe, search and predict images in folders, read-only.")
    .argument("<DIR...>", "folders whose images the tools may read")
    .option("--model <model>", "the model of descriptions and searches, as elsewhere (default: s2-tiny, which is included)")
    .option("--head <name=folder>", "a head that `s2 fit` wrote; may be repeated", readNamed);
  addModelOptions(command)
    .addHelpText("after", mcpExamples)
    .action(async (folders: string[], { head = {}, ...flags }: ModelFlags & { head?: Record<string, string> }) => {
      const { openMcp } = await import("../serve/index.ts");
      const { openHead, openModelOf } = await import("./inputs.ts");
      const { graphsOf, openModel } = await import("./plan-flags.ts");
      const quiet = { ...flags, quiet: true };
      const model = await openModel(quiet);
      const heads: Parameters<typeof openMcp>[0]["heads"] = {};
      for (const [name, folder] of Object.entries(head)) {
        const found = await openHead(folder);
        const { source, flags: used } = await openModelOf(found, quiet, { base: "/" });
        heads[name] = { head: found, source, openGraph: graphsOf(used) };
      }
      const mcp = await openMcp({ folders, model, modelName: flags.model ?? "s2-tiny", heads });
      await new Promise<void>((resolve) => {
        process.stdin.once("end", resolve).once("close", resolve);
        for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => resolve());
      });
      await mcp.close();
    });
}
