/** Saved heads over HTTP and as tools of an agent: both must predict as `s2 predict` does, and an agent must see its folders alone. */
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { drawClasses, drawMasks } from "../cli/drawn-sets.ts";
import { main, s2, tempFolder, tiny } from "../cli/s2.ts";
import { post, postJson, serve, tinyModel } from "./serving.ts";

const folder = tempFolder();
const heads = { classes: join(folder, "heads/classes"), masks: join(folder, "heads/masks") };
const image = join(folder, "classes/test/red");
const red = () => join(image, readdirSync(image)[0]);

beforeAll(async () => {
  drawClasses(join(folder, "classes"));
  drawMasks(join(folder, "masks"));
  for (const [kind, out] of Object.entries(heads)) {
    const { status, err } = await s2(["fit", kind, ...tiny, "--threads", "1", "--scales", "1,2", "-o", out, "--quiet"], {
      cwd: folder,
    });
    expect([status, err]).toEqual([0, ""]);
  }
});

/** The line of `s2 predict --json`, without the image's name. */
async function predicted(head: string, path: string) {
  const { out } = await s2(["predict", head, path, "--threads", "1", "--json", "--quiet"], {
    cwd: folder,
  });
  const { image: _, picture: __, mask: ___, ...rest } = JSON.parse(out);
  return rest;
}

describe("POST /v1/predict", () => {
  it("predicts as s2 predict does, by the head that is named or the first", async () => {
    const server = await serve({ heads });
    const bytes = new Uint8Array(readFileSync(red()));
    const first = await (await post(server, "/v1/predict", bytes)).json();
    const { class: expected, probabilities } = await predicted(heads.classes, red());
    expect(first).toMatchObject({ head: "classes", model: "tiny", task: "classification", class: expected });
    for (const [name, value] of Object.entries(probabilities)) expect(first.probabilities[name]).toBeCloseTo(value as number, 3);
    expect(first.class).toBe("red");
    const masks = await (
      await postJson(server, "/v1/predict", { head: "masks", image: Buffer.from(bytes).toString("base64") })
    ).json();
    expect(masks).toMatchObject({ head: "masks", task: "segmentation", fractions: expect.any(Object) });
    const refused = await post(server, "/v1/predict?head=other", bytes);
    expect([refused.status, (await refused.json()).detail]).toEqual([
      400,
      'There is no head "other"; there are "classes", "masks".',
    ]);
  });

  it("refuses at the start a head whose model is not served", async () => {
    await expect(serve({ heads, models: { s2: undefined }, load: { patchSize: undefined } })).rejects.toMatchObject({
      code: "head",
    });
    await expect(serve({ heads, models: { tiny: tinyModel } })).resolves.toBeTruthy();
  });
});

describe("s2 mcp", () => {
  const client = new Client({ name: "test", version: "1" });
  const photos = () => join(folder, "photos");
  beforeAll(async () => {
    mkdirSync(photos());
    const names = ["red", "green", "blue"].flatMap((name) =>
      readdirSync(join(folder, "classes/test", name)).map((file) => [name, file]),
    );
    for (const [name, file] of names)
      writeFileSync(join(photos(), `${name}-${file}`), readFileSync(join(folder, "classes/test", name, file)));
    symlinkSync(red(), join(photos(), "link.png"));
    const args = [
      main,
      "mcp",
      photos(),
      ...tiny,
      "--threads",
      "1",
      "--head",
      `classes=${heads.classes}`,
      "--head",
      `masks=${heads.masks}`,
    ];
    await client.connect(new StdioClientTransport({ command: process.execPath, args, cwd: folder }));
  });
  afterAll(() => client.close());

  const call = async (name: string, given: Record<string, unknown>) => {
    const { content, isError } = (await client.callTool({ name, arguments: given })) as {
      content: { type: string; text: string; data: string; mimeType: string }[];
      isError?: boolean;
    };
    return {
      isError: isError ?? false,
      content,
      text: content[0].text,
      value: isError ? undefined : JSON.parse(content[0].text),
    };
  };

  it("has read-only tools to list, describe, search and predict", async () => {
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name)).toEqual(["list_images", "describe_image", "find_similar", "predict"]);
    for (const { annotations } of tools) expect(annotations).toMatchObject({ readOnlyHint: true });
    expect(tools[3].inputSchema).toMatchObject({
      properties: { image: { type: "string" }, head: { type: "string" } },
      required: ["image"],
    });
  });

  it("describes an image, finds similar ones and predicts", async () => {
    const { images } = (await call("list_images", {})).value;
    expect(images.length).toBe(9); // the link leads out
    const name = images.find((each: string) => each.startsWith("red"));
    expect((await call("describe_image", { image: name, scales: [1, 2] })).value).toMatchObject({
      width: 64,
      height: 64,
      model: { imageSize: [32, 32] },
    });
    const found = (await call("find_similar", { image: name, top: 2 })).value;
    expect(found.map((hit: { image: string }) => /(red|green|blue)-\d+\.png$/.exec(hit.image)?.[1])).toEqual(["red", "red"]);
    expect((await call("find_similar", { image: name, top: 1, x: 20, y: 20 })).value[0].box).toMatchObject({
      width: expect.any(Number),
    });
    expect((await call("predict", { image: name })).value).toMatchObject({ head: "classes", class: "red" });
    const { content } = await call("predict", { image: name, head: "masks" });
    expect(content[1]).toMatchObject({ type: "image", mimeType: "image/png" });
    expect(Buffer.from(content[1].data, "base64").subarray(1, 4).toString()).toBe("PNG");
  });

  it("sees nothing outside its folders, and says what is wrong", async () => {
    for (const path of [red(), "../classes", "link.png", "/etc/passwd", "nothing.png"]) {
      const { isError, text } = await call("describe_image", { image: path });
      expect([path, isError, text.includes("in the allowed folders")]).toEqual([path, true, true]);
    }
    expect((await call("list_images", { folder: ".." })).isError).toBe(true);
    expect(await call("predict", {})).toMatchObject({ isError: true, text: "predict needs image." });
    expect(await call("delete", {})).toMatchObject({ isError: true, text: expect.stringContaining('no tool "delete"') });
  });

  it("writes nothing", () => {
    expect(readdirSync(folder).sort()).toEqual(["classes", "features", "heads", "masks", "photos"]);
    expect(readdirSync(photos()).length).toBe(10);
  });
});
