/** Git LFS pointers: small text files that stand in a clone for the large files that were not fetched. */

const start = "version https://git-lfs.github.com/spec/";

/** Returns true if a file with these first bytes (40 are enough) is a pointer. */
export function isLfsPointer(head: Uint8Array): boolean {
  return head.length >= start.length && String.fromCharCode(...head.subarray(0, start.length)) === start;
}

/** The sentence for a file that is only a pointer. */
export const lfsPointerReason = (name: string): string =>
  `${name} is a Git LFS pointer, not the file itself; run \`git lfs pull\` in its repository, or download the file`;
