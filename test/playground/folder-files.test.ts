/** A folder that the browser lent to the page, here in memory: files are written whole, and every refusal says what to do. */
import { describe, expect, it } from "vitest";
import { openFolder } from "../../playground/src/folder-files.ts";

type Entry = Uint8Array | Map<string, Entry>;

/** Refuses as a browser does. */
interface Refusals {
  /** Names of DOMExceptions by what is done. */
  open?: string;
  list?: string;
  close?: string;
}

const refuse = (name: string | undefined): void => {
  if (name !== undefined) throw new DOMException(`the browser says ${name}`, name);
};

/** A handle of a folder in memory, as far as pages use it. */
function handleOf(entries: Map<string, Entry>, refusals: Refusals = {}, name = "photos"): FileSystemDirectoryHandle {
  const fileHandle = (file: string) => ({
    kind: "file",
    getFile: async () => new Blob([entries.get(file) as Uint8Array<ArrayBuffer>]),
    createWritable: async () => {
      let written = new Uint8Array();
      return {
        write: async (bytes: Uint8Array<ArrayBuffer>) => void (written = bytes),
        async close() {
          refuse(refusals.close);
          entries.set(file, written);
        },
        abort: async () => {},
      };
    },
  });
  const find = (entry: string, isFile: boolean, create = false) => {
    refuse(refusals.open);
    const found = entries.get(entry);
    if (found === undefined && !create) refuse("NotFoundError");
    if (found !== undefined && found instanceof Uint8Array !== isFile) refuse("TypeMismatchError");
    if (found === undefined) entries.set(entry, isFile ? new Uint8Array() : new Map());
  };
  const folderHandle = (folder: string) => handleOf(entries.get(folder) as Map<string, Entry>, refusals, folder);
  const handle = {
    ...{ kind: "directory", name },
    async getFileHandle(entry: string, { create = false } = {}) {
      find(entry, true, create);
      return fileHandle(entry);
    },
    async getDirectoryHandle(entry: string, { create = false } = {}) {
      find(entry, false, create);
      return folderHandle(entry);
    },
    async removeEntry(entry: string) {
      if (!entries.delete(entry)) refuse("NotFoundError");
    },
    async *entries() {
      refuse(refusals.list);
      for (const [entry, value] of entries)
        yield [entry, value instanceof Uint8Array ? fileHandle(entry) : folderHandle(entry)] as const;
    },
    async *keys() {
      refuse(refusals.list);
      yield* entries.keys();
    },
  };
  return handle as unknown as FileSystemDirectoryHandle;
}

const bytesOf = (text: string) => new TextEncoder().encode(text);

describe("a folder lent to the page", () => {
  it("lists files in all folders below it, without hidden ones", async () => {
    const below = new Map<string, Entry>([
      ["b.png", bytesOf("b")],
      [".hidden.png", bytesOf("c")],
    ]);
    const { list } = openFolder(
      handleOf(
        new Map<string, Entry>([
          ["a.png", bytesOf("a")],
          ["sub", below],
          [".git", new Map([["x.png", bytesOf("x")]])],
        ]),
      ),
    );
    expect(await list()).toEqual(["a.png", "sub/b.png"]);
  });

  it("reads, writes in folders that are not there yet, and removes", async () => {
    const entries = new Map<string, Entry>();
    const { files, file } = openFolder(handleOf(entries));
    expect(await files.read("masks/a.png")).toBeUndefined();
    await files.remove("masks/a.png");
    await files.write("masks/a.png", bytesOf("mask"));
    expect(new TextDecoder().decode(await files.read("masks/a.png"))).toBe("mask");
    expect(await (await file("masks/a.png")).text()).toBe("mask");
    await files.remove("masks/a.png");
    expect(await files.read("masks/a.png")).toBeUndefined();
    await expect(file("gone.png")).rejects.toThrow('There is no file "gone.png" in the folder any more.');
  });

  it("keeps what was there where writing fails, and leaves no empty file", async () => {
    const entries = new Map<string, Entry>([["labels.csv", bytesOf("before")]]);
    const { files } = openFolder(handleOf(entries, { close: "QuotaExceededError" }));
    await expect(files.write("labels.csv", bytesOf("after"))).rejects.toThrow("labels.csv cannot be written: the disk is full");
    await expect(files.write("new.csv", bytesOf("after"))).rejects.toThrow("new.csv cannot be written: the disk is full");
    expect([...entries.keys()]).toEqual(["labels.csv"]);
    expect(new TextDecoder().decode(await files.read("labels.csv"))).toBe("before");
  });

  it.each([
    [{ open: "NotAllowedError" }, 'The page may not change files in "photos". Close the folder, open it again, and allow'],
    [
      { open: "NotFoundError", list: "NotFoundError" },
      'The folder "photos" is not where it was: it was moved, renamed or removed.',
    ],
    [
      { close: "NoModificationAllowedError" },
      "labels.csv cannot be read or written (the browser says NoModificationAllowedError).",
    ],
    [{ close: "AbortError" }, "Check that the folder may be written and that no other program uses the file."],
  ] satisfies [Refusals, string][])("says in a sentence what to do after %j", async (refusals, sentence) => {
    const { files } = openFolder(handleOf(new Map(), refusals));
    await expect(files.write("labels.csv", bytesOf("x"))).rejects.toThrow(sentence);
  });

  it("says that a folder has the name of a file", async () => {
    const { files } = openFolder(handleOf(new Map([["labels.csv", new Map()]])));
    await expect(files.read("labels.csv")).rejects.toThrow("labels.csv is a folder; expected a file to write.");
  });

  it("says that a folder is gone where a file is read, instead of taking the file for a missing one", async () => {
    const { files } = openFolder(handleOf(new Map(), { list: "NotFoundError" }));
    await expect(files.read("labels.csv")).rejects.toThrow("is not where it was");
  });
});
