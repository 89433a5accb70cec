/** `s2 export --triton`: a server that does not understand the configuration does not load the model, and nobody here can run that server. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { InferenceSession } from "onnxruntime-node";
import { expect, it } from "vitest";
import { s2, tempFolder, tiny } from "../cli/s2.ts";

/** The fields that are used of `ModelConfig`, `ModelInput` and `ModelOutput` (model_config.proto of triton-inference-server/common), by type. */
const schema: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  ModelConfig: {
    ...{
      name: "string",
      platform: "string",
      backend: "string",
      max_batch_size: "int32",
      input: "ModelInput[]",
      output: "ModelOutput[]",
    },
    ...{ version_policy: "ModelVersionPolicy", instance_group: "ModelInstanceGroup[]", dynamic_batching: "ModelDynamicBatching" },
  },
  ModelInput: { name: "string", data_type: "DataType", format: "Format", dims: "int64[]", is_shape_tensor: "bool" },
  ModelOutput: { name: "string", data_type: "DataType", dims: "int64[]", label_filename: "string", is_shape_tensor: "bool" },
  ModelDynamicBatching: { preferred_batch_size: "int32[]", max_queue_delay_microseconds: "uint64" },
};
const dataTypes = "BOOL UINT8 UINT16 UINT32 UINT64 INT8 INT16 INT32 INT64 FP16 FP32 FP64 STRING BF16"
  .split(" ")
  .map((type) => `TYPE_${type}`);

/** Reads protobuf's text format and checks every field against the schema. */
function readConfig(text: string): Record<string, unknown> {
  const words = text.match(/"(?:[^"\\]|\\.)*"|[\w.-]+|[{}[\]:,]/g)!;
  let at = 0;
  const scalar = (type: string): unknown => {
    const word = words[at++];
    if (type === "string") return JSON.parse(word);
    if (type === "DataType") expect(dataTypes).toContain(word);
    else expect([type, word]).toEqual([expect.stringMatching(/^u?int(32|64)$/), expect.stringMatching(/^-?\d+$/)]);
    return type === "DataType" ? word : Number(word);
  };
  const message = (type: string, end: string | undefined): Record<string, unknown> => {
    const found: Record<string, unknown> = {};
    while (at < words.length && words[at] !== end) {
      const name = words[at++];
      expect(schema[type], `${type}.${name}`).toHaveProperty(name);
      found[name] = value(schema[type][name]);
    }
    at++;
    return found;
  };
  const one = (type: string): unknown => {
    if (!(type in schema)) return scalar(type);
    expect(words[at++]).toBe("{");
    return message(type, "}");
  };
  const value = (type: string): unknown => {
    if (words[at] === ":") at++;
    if (!type.endsWith("[]")) return one(type);
    expect(words[at++]).toBe("[");
    const list: unknown[] = [];
    while (words[at] !== "]") {
      list.push(one(type.slice(0, -2)));
      if (words[at] === ",") at++;
    }
    at++;
    return list;
  };
  return message("ModelConfig", undefined);
}

it("writes a repository whose configuration has the model's inputs and outputs, and the fields of the schema alone", async () => {
  const folder = tempFolder();
  const { status, err, out } = await s2([
    "export",
    ...tiny.slice(0, 2),
    "--prefix-tokens",
    "1",
    "--scales",
    "1,2",
    "--bytes",
    "--triton",
    folder,
    "--max-batch",
    "4",
    "--json",
  ]);
  expect([status, err]).toEqual([0, ""]);
  const model = join(folder, "plain-s2/1/model.onnx");
  expect(
    out
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line).out),
  ).toEqual([model, join(folder, "plain-s2/config.pbtxt")]);
  const config = readConfig(readFileSync(join(folder, "plain-s2/config.pbtxt"), "utf8"));
  const session = await InferenceSession.create(model, { logSeverityLevel: 4 });
  const [input, output] = [session.inputMetadata[0], session.outputMetadata[0]] as unknown as {
    name: string;
    shape: readonly (number | string)[];
  }[];
  expect(config).toEqual({
    ...{ name: "plain-s2", backend: "onnxruntime", max_batch_size: 4, dynamic_batching: {} },
    input: [{ name: input.name, data_type: "TYPE_UINT8", dims: input.shape.slice(1) }],
    output: [{ name: output.name, data_type: "TYPE_FP32", dims: output.shape.slice(1) }],
  });
  await session.release();
});

it("takes one of --out and --triton, and replaces no file of someone else", async () => {
  const folder = tempFolder();
  const both = await s2(["export", "-o", join(folder, "a.onnx"), "--triton", folder]);
  expect(both).toMatchObject({ status: 2, err: expect.stringContaining("either --out, a file, or --triton") });
  const config = join(folder, "s2-tiny-s2", "config.pbtxt");
  expect((await s2(["export", "--scales", "1", "--triton", folder])).status).toBe(0);
  expect((await s2(["export", "--scales", "1", "--triton", folder])).status).toBe(0); // our own
  writeFileSync(join(folder, "s2-tiny-s2/1/model.onnx"), "another program's");
  const refused = await s2(["export", "--scales", "1", "--triton", folder]);
  expect(refused).toMatchObject({ status: 2, err: expect.stringContaining("it is not overwritten") });
  expect(existsSync(config)).toBe(true);
});
