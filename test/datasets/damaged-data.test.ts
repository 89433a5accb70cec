/** Whatever is damaged in a data set, it is read with problems or refused with a sentence: no raw error, and no file that vanishes. */
import { expect, it } from "vitest";
import { openDataSet } from "../../src/datasets/index.ts";
import { makeRandom } from "../../src/tensors/index.ts";
import { depth, type Files, folderOf, mask, photo } from "./data-folder.ts";

const encode = (text: string) => new TextEncoder().encode(text);
const four = (make: (i: number) => Record<string, Uint8Array | string>): Files => Object.assign({}, ...[0, 1, 2, 3].map(make));
const split = (i: number) => ["train", "val"][i % 2];

const SETS: readonly { readonly name: string; readonly files: Files; readonly options?: object }[] = [
  {
    name: "folders",
    files: { ...four((i) => ({ [`${split(i)}/${"xy"[i >> 1]}/${i}q.png`]: photo(i) })), "classes.txt": "x\ny\n" },
  },
  {
    name: "table",
    files: {
      ...four((i) => ({ [`p/${i}.png`]: photo(i) })),
      "l.csv": 'path,label,split\np/0.png,a,train\np/1.png,"b, c",val\np/2.png,a,test\n',
    },
    options: { list: "l.csv" },
  },
  {
    name: "lists",
    files: { ...four((i) => ({ [`p/${i}.png`]: photo(i) })), "train.txt": "p/0.png 1\np/1.png 0\n", "val.txt": "p/2.png 1\n" },
  },
  {
    name: "masks",
    files: {
      ...four((i) => ({ [`${split(i)}/images/${i}.png`]: photo(i), [`${split(i)}/masks/${i}.png`]: mask([0, 1, 255]) })),
      "data.yaml": "names:\n  0: sky\n  1: road\n",
    },
  },
  {
    name: "voc",
    files: {
      ...four((i) => ({ [`JPEGImages/${i}.png`]: photo(i), [`SegmentationClass/${i}.png`]: mask([0, 15, 255]) })),
      ...{ "ImageSets/Segmentation/train.txt": "0\n1\n", "ImageSets/Segmentation/val.txt": "2\n3\n" },
    },
  },
  {
    name: "ade",
    files: {
      ...four((i) => ({ [`images/training/${i}.png`]: photo(i), [`annotations/training/${i}.png`]: mask([0, 1]) })),
      "objectInfo150.txt": "Idx\tRatio\tName\n1\t0.1\twall\n",
    },
  },
  {
    name: "boxes",
    files: {
      ...four((i) => ({ [`images/${i}.png`]: photo(i), [`labels/${i}.txt`]: "0 .5 .5 .1 .1\n" })),
      "obj.names": "cat\ndog\n",
      "splits.csv": "path;split\nimages/0.png;train\nimages/1.png;val\n",
    },
  },
  {
    name: "depth",
    files: four((i) => ({ [`rgb/${i}.png`]: photo(i), [`depth/${i}.png`]: depth([5, 9]) })),
    options: { metresPerUnit: 0.001 },
  },
];

/** One file with bytes changed, cut, doubled, emptied, of another text, gone, or under another name. */
function damage(files: Files, seed: number): Record<string, Uint8Array | string> {
  const random = makeRandom(seed);
  const below = (n: number) => Math.floor(random() * n);
  const names = Object.keys(files);
  // Texts decide most, and are few: every second damage is to one.
  const texts = names.filter((name) => !name.endsWith(".png"));
  const name = random() < 0.5 && texts.length > 0 ? texts[below(texts.length)] : names[below(names.length)];
  const bytes = typeof files[name] === "string" ? encode(files[name]) : Uint8Array.from(files[name]);
  const changed = { ...files };
  const odd = [
    "\0",
    "\ufeff",
    "[",
    "{a: &a [*a]}",
    '"',
    "\n\n,,,\n",
    "1e999",
    "-1",
    "..",
    "../../x",
    "\ud800",
    "999999999999",
    "%s",
    ";",
    "__proto__",
    "null",
  ];
  switch (below(8)) {
    case 0:
      for (let i = 0; i < 1 + below(8) && bytes.length > 0; i++) bytes[below(bytes.length)] = below(256);
      break;
    case 1:
      return { ...changed, [name]: bytes.subarray(0, below(bytes.length + 1)) };
    case 2:
      return { ...changed, [name]: new Uint8Array([...bytes, ...bytes]) };
    case 3:
      return { ...changed, [name]: "" };
    case 4: {
      delete changed[name];
      return changed;
    }
    case 5: {
      delete changed[name];
      return { ...changed, [name.replace(/[^/]+$/, (file) => odd[below(odd.length)].replaceAll("/", "") + file)]: bytes };
    }
    case 6: {
      const at = below(bytes.length + 1);
      return {
        ...changed,
        [name]: new Uint8Array([...bytes.subarray(0, at), ...encode(odd[below(odd.length)]), ...bytes.subarray(at)]),
      };
    }
    default:
      return { ...changed, [name]: encode(odd[below(odd.length)]) };
  }
  return { ...changed, [name]: bytes };
}

it.each(SETS)("$name: whole, its photos are used", async ({ files, options }) => {
  const set = await openDataSet(folderOf(files), options);
  expect(Object.values(set.splits).flat().length).toBeGreaterThan(1);
});

it.each(SETS)(
  "$name: damaged, every photo is used or named, or the set is refused with a sentence",
  async ({ files, options }) => {
    for (let seed = 1; seed <= 40; seed++) {
      const damaged = damage(files, seed);
      try {
        const set = await openDataSet(folderOf(damaged), options);
        const used = new Set(
          Object.values<readonly { path: string }[]>(set.splits).flatMap((items) => items.map(({ path }) => path)),
        );
        for (const { reason } of set.problems) expect(reason, `seed ${seed}`).toMatch(/^\S.*[.:]/s);
        const said = set.problems.map(({ path, reason }) => `${path} ${reason}`).join("\n");
        const silent = Object.keys(damaged).filter(
          (path) => path.endsWith(".png") && !/mask|Class|annotations|depth\//.test(path) && !used.has(path),
        );
        for (const path of silent) {
          const [, file] = /([^/]+)\.png$/.exec(path)!;
          expect(
            said.includes(file) || said.includes("photos are in none") || said.includes("files (.png)"),
            `seed ${seed}: ${path}\n${said}`,
          ).toBe(true);
        }
      } catch (error) {
        if ((error as { code?: string }).code === undefined || (error as Error).name === "AssertionError") throw error;
        expect((error as { code: string }).code, `seed ${seed}: ${error}`).toMatch(/^data-(set|file)$/);
      }
    }
  },
);
