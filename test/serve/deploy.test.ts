/** deploy/: nothing here can build a container, so what can be read is checked: a flag that is gone, or a server that runs as root, would be found by a user. */
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { parse } from "yaml";
import { s2 } from "../cli/s2.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const read = (path: string) => readFileSync(root + path, "utf8");
const { peerDependencies } = JSON.parse(read("package.json")) as { peerDependencies: Record<string, string> };

it("the compose file starts the server by flags that exist, without rights it does not need", async () => {
  const { services } = parse(read("deploy/compose.yaml"));
  const { out: help } = await s2(["serve", "--help"]);
  const flags = services.server.command.filter((word: string) => word.startsWith("--"));
  expect(flags.length).toBeGreaterThan(2);
  for (const flag of flags) expect(help).toContain(`${flag} <`);
  expect(existsSync(`${root}deploy/${services.server.build.dockerfile.replace("deploy/", "")}`)).toBe(true);
  expect(services.server).toMatchObject({ read_only: true, cap_drop: ["ALL"] });
  expect(services.server.ports).toEqual(["127.0.0.1:8080:8080"]); // a proxy with TLS is the way in
});

it("the Dockerfile has stages that build, does not run as root, and installs the packages in the versions of package.json", () => {
  const text = read("deploy/Dockerfile").replaceAll(/\\\n\s*/g, "");
  const stages = [...text.matchAll(/^FROM \S+(?: AS (\w+))?$/gm)].map(([, name]) => name);
  expect(stages).toEqual(["build", "install", undefined]);
  const last = text.slice(text.lastIndexOf("FROM "));
  expect(last.indexOf("USER node")).toBeGreaterThan(0);
  expect(last.indexOf("USER node")).toBeLessThan(last.indexOf("ENTRYPOINT"));
  const installed = [...text.matchAll(/ (@?[\w/-]+)@([\d.]+)/g)].map(([, name, version]) => [name, version]);
  expect(installed.length).toBeGreaterThan(5);
  for (const [name, version] of installed)
    expect([name, peerDependencies[name]]).toEqual([name, expect.stringMatching(`^\\^${version.replace(".", "\\.")}\\.`)]);
});
