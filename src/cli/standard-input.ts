/** Standard input as images: the bytes of one, or the paths of many. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { S2Error } from "../core/index.ts";
import { imageFormat } from "../runtimes/node/index.ts";

/**
 * Replaces "-" among the given images by what standard input holds: an image, which is kept in a temporary file named stdin until the
 * process ends, or paths, one a line or with NUL between them (`find -print0`). @throws S2Error "option" where nothing comes.
 */
export async function withStandardInput(given: readonly string[]): Promise<string[]> {
  const at = given.indexOf("-");
  if (at < 0) return [...given];
  const bytes = await readAll();
  const paths = imageFormat(bytes) ? [temporaryFile(bytes)] : pathsIn(bytes);
  if (paths.length === 0)
    throw new S2Error("option", '"-" reads standard input, which was empty; pipe an image, or paths of images, one a line.');
  return [...given.slice(0, at), ...paths, ...given.slice(at + 1).filter((path) => path !== "-")];
}

async function readAll(): Promise<Uint8Array> {
  if (process.stdin.isTTY)
    throw new S2Error("option", '"-" reads standard input, which is this terminal; pipe an image or paths into the command.');
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

function pathsIn(bytes: Uint8Array): string[] {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new S2Error("option", "Standard input is neither an image of a known format nor a list of paths in UTF-8.", { cause });
  }
  const paths = text.includes("\0") ? text.split("\0") : text.split(/\r?\n/);
  return paths.filter((path) => path !== "");
}

function temporaryFile(bytes: Uint8Array): string {
  const folder = mkdtempSync(join(tmpdir(), "s2-stdin-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, "stdin");
  writeFileSync(path, bytes);
  return path;
}

/** Replaces "-" by the one image, or the one path, that standard input holds. @throws S2Error "option" for several. */
export async function oneImage(image: string): Promise<string> {
  const [path, ...others] = await withStandardInput([image]);
  if (others.length === 0) return path;
  throw new S2Error("option", `Standard input has ${others.length + 1} paths, but this command takes one image; pipe one.`);
}
