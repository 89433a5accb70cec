/** Git LFS pointers: a clone without the large files must be recognized, and a file that merely starts alike must not. */
import { expect, it } from "vitest";
import { isLfsPointer, lfsPointerReason } from "../../src/tensors/index.ts";

const head = "version https://git-lfs.github.com/spec/";
const bytes = (text: string) => new TextEncoder().encode(text);

it("recognizes a pointer by its first line, whatever follows", () => {
  expect(isLfsPointer(bytes(head))).toBe(true);
  expect(isLfsPointer(bytes(`${head}v1\noid sha256:${"0".repeat(64)}\nsize 5\n`))).toBe(true);
});

it.each(["", head.slice(0, -1), ` ${head}`, head.toUpperCase(), "version 2 of the weights, which are stored elsewhere"])(
  "%j is none",
  (text) => {
    expect(isLfsPointer(bytes(text))).toBe(false);
  },
);

it("names the file and the command that fetches it", () => {
  expect(lfsPointerReason("model.onnx")).toMatch(/^model\.onnx is a Git LFS pointer.*`git lfs pull`/);
});
