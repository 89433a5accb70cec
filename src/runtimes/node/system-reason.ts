/** `reasonOfSystem`: errors of the operating system in sentences. It imports nothing, so that the command starts fast. */

/** Sentences on errors of a file system, which are no fault of the program. */
const reasons: Readonly<Record<string, string>> = {
  ENOSPC: "the disk is full; make room, or write elsewhere",
  EDQUOT: "the quota of the disk is used up; make room, or write elsewhere",
  EFBIG: "the file would be too large for this file system; write elsewhere",
  EROFS: "the file system is read-only; write elsewhere",
  EACCES: "permission is denied; check who may read and write it",
  EPERM: "permission is denied; check who may read and write it",
  ENOTDIR: "a part of the path is a file and no folder; give another path",
  EISDIR: "it is a folder where a file was expected; give another path",
  ENAMETOOLONG: "the name is too long; give a shorter one",
  EMFILE: "too many files are open; raise the limit (ulimit -n)",
  ENFILE: "too many files are open on this machine; try again later",
  EIO: "the disk or the network drive gave an error; check it",
};

/** Returns a sentence on an error of the file system; undefined for other errors. */
export function reasonOfSystem(error: unknown): string | undefined {
  const { code = "", syscall, path, dest } = (error ?? {}) as NodeJS.ErrnoException & { dest?: string };
  if (!syscall || !Object.hasOwn(reasons, code)) return undefined;
  return `${dest ?? path ?? "A file"} cannot be used (${code}): ${reasons[code]}.`;
}
