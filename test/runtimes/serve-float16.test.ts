/** A model with a float16 form: devices that compute in it get it, the CPU never, and one that cannot run it still runs float32. */
import { describe, expect, it } from "vitest";
import { makeServer } from "../../src/runtimes/serve.ts";

const [full, half] = [Uint8Array.of(32), Uint8Array.of(16)];

/** Loads the model where `refuses` says what fails; returns the files that were tried, by device, and the answer. */
async function load(devices: string[], refuses: (device: string, bits: number) => boolean) {
  const tried: string[] = [];
  const create = async (file: Uint8Array, { device }: { device: string }) => {
    tried.push(`${device} ${file[0]}`);
    if (refuses(device, file[0])) throw new Error("it cannot");
    return { inputMetadata: [], outputMetadata: [] };
  };
  const library = { env: {}, Tensor: class {}, InferenceSession: { create } };
  const platform = { sessionOptions: (_: number, device?: string) => ({ device }), download: () => expect.unreachable() };
  const server = makeServer({ importLibrary: async () => library as never, ...platform });
  const answer = await server({ kind: "load", model: full, half, devices, settings: { threads: 1 } });
  return { tried, answer };
}

describe("makeServer", () => {
  it("gives float16 to the first device", async () => {
    expect((await load(["webgpu", "cpu"], () => false)).tried).toEqual(["webgpu 16"]);
  });

  it("gives float32 to the same device where it has no float16, and says so", async () => {
    const { tried, answer } = await load(["webgpu", "cpu"], (_, bits) => bits === 16);
    expect(tried).toEqual(["webgpu 16", "webgpu 32"]);
    expect(answer).toMatchObject({ device: "webgpu", missing: [{ device: "webgpu in float16", reason: "it cannot" }] });
  });

  it("gives float32 to the CPU", async () => {
    expect((await load(["webgpu", "cpu"], (device) => device === "webgpu")).tried.at(-1)).toBe("cpu 32");
  });
});
