/** Compiles filter-passes.ts to WebAssembly and writes its bytes to src/images/simd-module.ts: `node scripts/simd/build.mjs`. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { main } from "assemblyscript/asc";

const source = fileURLToPath(new URL("filter-passes.ts", import.meta.url));
const target = fileURLToPath(new URL("../../src/images/simd-module.ts", import.meta.url));
const options = ["--optimizeLevel", "3", "--shrinkLevel", "0", "--noAssert", "--runtime", "stub", "--enable", "simd"];

/** @returns the text of simd-module.ts. */
export async function compileSimd() {
  const folder = mkdtempSync(join(tmpdir(), "s2-simd-"));
  const out = join(folder, "out.wasm");
  const { error, stderr } = await main([source, "--outFile", out, "--initialMemory", "1", ...options]);
  if (error) throw new Error(`${error.message}\n${stderr.toString()}`);
  const bytes = readFileSync(out).toString("base64");
  rmSync(folder, { recursive: true });
  return `/** WebAssembly of scripts/simd/filter-passes.ts in base64; \`node scripts/simd/build.mjs\` writes it. */
// biome-ignore format: one string
export const SIMD_MODULE = "${bytes}";
`;
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) writeFileSync(target, await compileSimd());
