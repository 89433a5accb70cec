/** docs/command.md lists every command and option as the help texts do. */
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { withCommands } from "../../scripts/command-help.mjs";

it("docs/command.md is written from the help texts (node scripts/command-help.mjs)", async () => {
  const text = readFileSync(new URL("../../docs/command.md", import.meta.url), "utf8");
  expect(text).toContain("### `s2 doctor`");
  expect(await withCommands(text)).toBe(text);
});
