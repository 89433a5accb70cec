/** Debian's Redis on a port and in a folder of the test's own. */
import { spawn, spawnSync } from "node:child_process";
import { readdirSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";

/** Why no Redis can be started here; "" where one can. */
export const noRedis = spawnSync("redis-server", ["--version"]).status === 0 ? "" : " (skipped: redis-server is not installed)";

async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Starts a server that keeps its data in `folder` across `kill` and `start`. */
export async function openRedis(folder) {
  const port = await freePort();
  let server;
  const redis = {
    url: `redis://127.0.0.1:${port}`,
    async start() {
      const options = ["--port", String(port), "--bind", "127.0.0.1", "--dir", folder, "--appendonly", "yes", "--save", ""];
      const started = spawn("redis-server", options, { stdio: "ignore" });
      server = started;
      for (let i = 0; i < 600; i++) {
        const ping = spawnSync("redis-cli", ["-p", String(port), "ping"], { encoding: "utf8" });
        if (ping.stdout?.includes("PONG")) return;
        await wait(50);
      }
      throw new Error("redis-server does not answer");
    },
    /** Ends it by SIGKILL. */
    async kill() {
      const ended = server;
      if (!ended || ended.exitCode !== null || ended.signalCode) return;
      await new Promise((resolve) => ended.once("exit", resolve).kill("SIGKILL"));
    },
    /** Removes its data, while it is not running. */
    wipe: () => readdirSync(folder).forEach((name) => void rmSync(join(folder, name), { recursive: true })),
  };
  await redis.start();
  return redis;
}
