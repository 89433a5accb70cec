/** A session on images in memory: nothing is lost when actions come together, when saving fails, or when it starts again. */
import { describe, expect, it } from "vitest";
import { type LabelFiles, openLabeling } from "../../src/label/index.ts";
import type { LabelView } from "../../src/label/view.ts";
import { onOneThread as openGraph } from "../heads/goldens.ts";

const SIDE = 32;
/** Left of the border one color, right of it another. */
const COLORS = { red: [220, 30, 30], blue: [30, 40, 220], green: [30, 200, 60] } as const;
type Name = keyof typeof COLORS;

/** Photos by name: "red-1.png" is red, "red-blue-1.png" red and blue. */
function pixels(path: string): Uint8Array {
  const names = path.split("-").filter((name): name is Name => name in COLORS);
  return Uint8Array.from({ length: SIDE * SIDE * 3 }, (_, i) => {
    const x = Math.floor(i / 3) % SIDE;
    return COLORS[names[Math.floor((x * names.length) / SIDE)]][i % 3];
  });
}

/** A model whose tokens are the mean colors of patches of 8 pixels. */
const model = Object.assign(
  async ({ dims: [n, c, h, w], data }: { dims: readonly number[]; data: Float32Array }) => {
    const [rows, cols] = [h / 8, w / 8];
    const out = new Float32Array(n * rows * cols * c);
    for (let i = 0; i < data.length; i++) {
      const [x, y, channel, image] = [i % w, Math.floor(i / w) % h, Math.floor(i / (w * h)) % c, Math.floor(i / (w * h * c))];
      out[((image * rows + Math.floor(y / 8)) * cols + Math.floor(x / 8)) * c + channel] += data[i] / 64;
    }
    return { dims: [n, rows * cols, c], data: out };
  },
  { traits: { imageSize: [SIDE, SIDE] as const, patchSize: 8, prefixTokens: 0 } },
);

function memory(start: Readonly<Record<string, string>> = {}) {
  const held = new Map<string, Uint8Array>(Object.entries(start).map(([name, text]) => [name, new TextEncoder().encode(text)]));
  const failing = { now: false };
  const files: LabelFiles = {
    read: async (path) => held.get(path),
    async write(path, bytes) {
      await new Promise((resolve) => setTimeout(resolve, 1));
      if (failing.now) throw new Error("The disk is full.");
      held.set(path, bytes);
    },
    remove: async (path) => void held.delete(path),
  };
  return { files, held, failing, text: (path: string) => new TextDecoder().decode(held.get(path)) };
}

type Task = LabelView["task"];
const open = (
  files: LabelFiles,
  images: readonly string[],
  task: Task = "classification",
  classes?: readonly string[],
  onDecode: (path: string) => Promise<void> = async () => {},
) =>
  openLabeling({
    ...{ task, files, images, classes, openGraph, folder: "photos", command: "s2 fit photos" },
    list: task === "classification" ? "labels.csv" : "masks.csv",
    ...{ model, modelName: "colors", modelHash: "x", version: "1", extraction: { scales: [1], fit: "squash" } },
    read: async (path) => new TextEncoder().encode(path),
    async decode(_, path) {
      await onDecode(path);
      if (path.includes("broken")) throw new Error("it is cut short");
      return { width: SIDE, height: SIDE, channels: 3, data: pixels(path) };
    },
  });

const photos = ["red-1.png", "red-2.png", "blue-1.png", "blue-2.png", "green-1.png", "red-blue-1.png"];

describe("classes", () => {
  it("of many actions at once are all saved, in their order", async () => {
    const { files, text } = memory();
    const session = await open(files, photos, "classification", ["red", "other"]);
    await Promise.all(photos.map((path, image) => session.act({ do: "label", image, label: path.startsWith("red") ? 0 : 1 })));
    const lines = photos.map((path) => `${path},${path.startsWith("red") ? "red" : "other"}`);
    expect(text("labels.csv")).toBe(["path,label", ...lines, ""].join("\n"));
    const view = await session.act({ do: "undo" });
    expect(view.shown).toMatchObject({ path: "red-blue-1.png", labeled: false });
    expect(text("labels.csv").split("\n")).toHaveLength(photos.length + 1);
  });

  it("are suggested once two have a photo, and the most unsure photo is asked for", async () => {
    const session = await open(memory().files, photos, "classification", ["red", "blue"]);
    await session.extract();
    let view = await session.act({ do: "label", image: 0, label: 0 });
    expect(view.shown!.path).toMatch(/^(blue|green)/); // differs most
    expect(view.shown!.scores).toBeUndefined();
    view = await session.act({ do: "label", image: 2, label: 1 });
    expect(view.shown!.path).toMatch(/^(red-blue|green)-1/); // between the two, or like neither
    view = await session.act({ do: "show", image: 3 });
    expect(view.shown!.scores![1]).toBeGreaterThan(0.9);
    expect(view.classes.map(({ count }) => count)).toEqual([1, 1]);
  });

  it("go on from what was saved; rows of other files stay, photos that cannot be read are named and passed over", async () => {
    const { files, text } = memory({ "labels.csv": "path,label\ngone.png,hat\nred-1.png,3 doors\n" });
    const images = ["broken.png", "red-1.png", "blue-1.png"];
    const first = await open(files, images);
    await first.extract();
    const view = await first.act({ do: "class", name: "shoe" });
    expect(view).toMatchObject({ labeled: 1, images: 3, extracted: 3, shown: { path: "blue-1.png" } });
    expect(view.failed).toEqual([{ path: "broken.png", reason: "it is cut short" }]);
    const second = await open(files, images);
    expect((await second.view()).classes.map(({ name }) => name)).toEqual(["hat", "3 doors", "shoe"]);
    const last = await second.act({ do: "label", image: 2, label: 2 });
    expect(text("labels.csv")).toBe("path,label\ngone.png,hat\nred-1.png,3 doors\nblue-1.png,shoe\n");
    expect(last.shown?.path).toBe("broken.png"); // nobody has tried it in this session
  });

  it("come with features first, those of this session too, for suggestions are made from them", async () => {
    const order: string[] = [];
    let session: Awaited<ReturnType<typeof open>> | undefined;
    const { files } = memory({ "labels.csv": "path,label\nblue-2.png,blue\n" });
    session = await open(files, photos, "classification", ["red"], async (path) => {
      order.push(path);
      if (order.length === 1) await session!.act({ do: "label", image: 4, label: 1 });
    });
    await session.extract();
    expect(order.slice(0, 3)).toEqual(["blue-2.png", "green-1.png", "red-1.png"]);
  });

  it("that cannot be saved are not given", async () => {
    const { files, failing, held } = memory();
    const session = await open(files, photos, "classification", ["red", "blue"]);
    failing.now = true;
    await expect(session.act({ do: "label", image: 0, label: 0 })).rejects.toThrow("The disk is full.");
    failing.now = false;
    expect((await session.view()).labeled).toBe(0);
    held.set("labels.csv", new TextEncoder().encode("path,label\nred-2.png,mine\n")); // by another program
    await expect(session.act({ do: "label", image: 0, label: 0 })).rejects.toThrow("was changed by another program");
    expect(new TextDecoder().decode(held.get("labels.csv"))).toContain("mine");
  });

  it("skipped photos come back after all others", async () => {
    const session = await open(memory().files, photos.slice(0, 3), "classification", ["red"]);
    const seen = [(await session.view()).shown!.image];
    for (let i = 0; i < 3; i++) seen.push((await session.act({ do: "skip", image: seen[i] })).shown!.image);
    expect([...seen.slice(0, 3)].sort()).toEqual([0, 1, 2]);
    expect(seen[3]).not.toBe(seen[2]);
  });

  it.each([
    [{ do: "label", image: 99, label: 0 }, "There is no image 99"],
    [{ do: "label", image: 0, label: 9 }, "There is no class 9"],
    [{ do: "click", image: 0, label: 0, x: 0.5, y: 0.5 }, "Clicks are for masks"],
    [{ do: "click", image: 0, label: 0, x: 2, y: 0.5 }, "expected <=1"],
    [{ do: "accept", image: 0 }, "Masks are for"],
    [{ do: "remove", path: "/etc" }, "The action has do"],
    [["undo"], "The action has do = nothing"],
  ])("the action %j is refused", async (action, message) => {
    const session = await open(memory().files, photos, "classification", ["red"]);
    await expect(session.act(action)).rejects.toThrow(message);
  });

  it("an action without effect is no error: nothing to take back", async () => {
    const session = await open(memory().files, photos);
    expect((await session.act({ do: "undo" })).canUndo).toBe(false);
  });
});

describe("masks", () => {
  const halves = ["red-blue-1.png", "blue-red-1.png", "red-red-blue-1.png"];
  const clickBoth = async (session: Awaited<ReturnType<typeof open>>) => {
    await session.act({ do: "click", image: 0, label: 0, x: 0.1, y: 0.5 });
    return session.act({ do: "click", image: 0, label: 1, x: 0.9, y: 0.5 });
  };
  const columns = async (session: Awaited<ReturnType<typeof open>>, image: number) => {
    const { data } = (await session.mask(image))!;
    return [...data.subarray(0, SIDE)];
  };

  it("of a photo come with its second class, those of the next from its clicks; accepted ones are saved and go on after a start", async () => {
    const { files, text, held } = memory();
    const session = await open(files, halves, "segmentation", ["red", "blue"]);
    expect((await session.act({ do: "click", image: 0, label: 0, x: 0.1, y: 0.5 })).shown!.mask).toBeUndefined();
    await expect(session.act({ do: "accept", image: 0 })).rejects.toThrow("There is no mask yet");
    await session.act({ do: "undo" });
    await clickBoth(session);
    expect(held.has("masks/red-blue-1.png")).toBe(false);
    const next = await session.act({ do: "accept", image: 0 });
    expect(held.has("masks/red-blue-1.png")).toBe(true);
    expect(text("masks.csv")).toBe("path,mask\nred-blue-1.png,masks/red-blue-1.png\n");
    expect(text("classes.txt")).toBe("red\nblue\n");
    expect(next.labeled).toBe(1);
    await session.extract();
    await session.act({ do: "show", image: 1 });
    expect(await columns(session, 1)).toEqual([...Array(SIDE / 2).fill(1), ...Array(SIDE / 2).fill(0)]);
    await session.act({ do: "accept", image: 1 }); // the suggestion, without a click
    const again = await open(files, halves, "segmentation");
    await again.extract();
    expect((await again.view()).labeled).toBe(2);
    expect((await again.act({ do: "show", image: 0 })).shown!.clicks).toHaveLength(2);
    expect((await again.act({ do: "show", image: 2 })).shown!.mask).toBeDefined();
    expect((await columns(again, 2)).slice(0, 18)).toEqual(Array(18).fill(0));
  });

  it("that are accepted follow corrections, and leave with their file when they are taken back", async () => {
    const { files, held, text } = memory();
    const session = await open(files, halves, "segmentation", ["red", "blue"]);
    await clickBoth(session);
    await session.act({ do: "accept", image: 0 });
    const before = held.get("masks/red-blue-1.png");
    await session.act({ do: "class", name: "green" });
    const corrected = await session.act({ do: "click", image: 0, label: 2, x: 0.1, y: 0.1 });
    expect(corrected.shown).toMatchObject({ labeled: true, clicks: [{}, {}, { label: 2 }] });
    expect(held.get("masks/red-blue-1.png")).not.toEqual(before);
    await session.act({ do: "undo" });
    expect(new Set(await columns(session, 0))).toEqual(new Set([0, 1]));
    await session.act({ do: "undo" });
    expect(held.has("masks/red-blue-1.png")).toBe(false);
    expect(text("masks.csv")).toBe("path,mask\n");
    expect(text("classes.txt")).toBe("red\nblue\ngreen\n");
  });

  it("clicks keep the names of their classes when classes.txt has another order now", async () => {
    const click = { x: 3, y: 16, label: 0 };
    const state = { s2_vision: "1", classes: ["red", "blue"], clicks: [{ path: halves[0], clicks: [click] }] };
    const { files } = memory({ "classes.txt": "blue\nred\n", "masks.json": JSON.stringify(state) });
    const session = await open(files, halves, "segmentation");
    await session.extract();
    const { shown, classes } = await session.act({ do: "show", image: 0 });
    expect(shown!.clicks!.map(({ label }) => classes[label].name)).toEqual(["red"]);
  });

  it("names of classes that are there come first and are only appended to", async () => {
    const { files, text } = memory({ "classes.txt": "sky\r\nroad\r\n" });
    const session = await open(files, halves, "segmentation", ["road", "car"]);
    expect((await session.view()).classes.map(({ name }) => name)).toEqual(["sky", "road", "car"]);
    expect(text("classes.txt")).toBe("sky\nroad\ncar\n");
    await expect(session.act({ do: "class", name: "2 cars" })).rejects.toThrow("begins with a number");
  });
});
