/** The folder that `s2 label` works on: its files, which labels are saved to, and the answers to its page. */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { S2Error } from "../../core/index.ts";
import { maskOver } from "../../features/index.ts";
import { loadImage } from "./load-image.ts";
import { openFolder } from "./open-folder.ts";
import { encodeJpeg, shrunken } from "./page-picture.ts";
import { readStart } from "./read-image.ts";
import type { PageAnswer, PageAnswers } from "./serve-page.ts";
import { openStore } from "./write-whole.ts";

/** Bytes that show whether a PNG is of this package. */
const START = 256;

/** The files below a folder. */
interface LabelFolder {
  /** Paths of all files. */
  readonly paths: readonly string[];
  /** Reads the first bytes of an image. */
  readStart(path: string): Promise<Uint8Array>;
  readonly files: {
    read(path: string): Promise<Uint8Array | undefined>;
    write(path: string, bytes: Uint8Array): Promise<void>;
    remove(path: string): Promise<void>;
  };
}

/** Opens a folder to label. @throws S2Error "option" for a list outside the folder; "data-set" for no folder. */
export async function openLabelFolder(path: string, list: string): Promise<LabelFolder> {
  if (!/^(?!.*(^|[\\/])\.)[^\\/]+(\/[^\\/]+)*\.csv$/i.test(list))
    throw new S2Error("option", `Got --out ${list}; expected a .csv file in the folder, such as labels.csv.`);
  const paths = await openFolder(path).list();
  const store = openStore(path, { durable: true });
  return {
    paths,
    readStart: (name) => readStart(join(path, name), START),
    files: { ...store, remove: async (name) => rmSync(join(path, name), { force: true }) },
  };
}

/** The session, as far as its page needs it. */
interface Session {
  view(): Promise<unknown>;
  act(action: unknown): Promise<unknown>;
  pathOf(image: number): string | undefined;
  mask(image: number): Promise<Parameters<typeof maskOver>[1] | undefined>;
}

/** Longest sides of pictures in pixels. */
const LARGE = 1400;
const SMALL = 168;

/** Answers the page from a session: its state, its actions, and pictures by the number of the image, never by a path. */
export function pageAnswers(session: Session, folder: string, files: Readonly<Record<string, PageAnswer>>): PageAnswers {
  const numbered = (path: string, kind: string): number | undefined => {
    const [, number] = new RegExp(`^/${kind}/(\\d{1,9})$`).exec(path) ?? [];
    return number === undefined ? undefined : Number(number);
  };
  const load = async (image: number, side: number) => {
    const path = session.pathOf(image);
    return path === undefined ? undefined : shrunken(await loadImage(join(folder, path)), side);
  };
  /** The image that is on the page, which each of its masks is drawn on. */
  let kept: { readonly image: number; readonly pixels: ReturnType<typeof load> } | undefined;
  const large = (image: number) => {
    if (kept?.image !== image) kept = { image, pixels: load(image, LARGE) };
    return kept.pixels;
  };
  const jpeg = (body: Uint8Array) => ({ type: "image/jpeg", body });
  const json = (value: unknown) => ({ type: "application/json", body: JSON.stringify(value) });
  return {
    async get(path, query) {
      if (Object.hasOwn(files, path)) return files[path];
      if (path === "/view") return json(await session.view());
      const image = numbered(path, "image");
      if (image !== undefined) {
        const photo = await (query.has("small") ? load(image, SMALL) : large(image));
        return photo && jpeg(await encodeJpeg(photo, 85));
      }
      const masked = numbered(path, "mask");
      const mask = masked === undefined ? undefined : await session.mask(masked);
      const photo = mask && (await large(masked!));
      return photo && mask ? jpeg(await encodeJpeg(maskOver(photo, mask), 85)) : undefined;
    },
    post: async (path, action) => (path === "/act" ? json(await session.act(action)) : undefined),
  };
}
