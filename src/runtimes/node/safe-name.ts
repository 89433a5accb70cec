/** Names of classes as names of folders that every file system takes. */

/** Characters that Windows refuses or a path gives a meaning to, controls, and marks that turn the direction of writing. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is replaced
const UNSAFE = /[<>:"/\\|?*\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;
/** Devices of Windows, with or without an extension. */
const DEVICE = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i;
/** Bytes of a name at most; file systems take 255, and a suffix follows. */
const MOST_BYTES = 200;

/** Turns any text into the name of a file or folder: "a/b" into "a_b", ".." into "_", "con" into "_con". */
export function safeName(text: string): string {
  const plain = text.normalize("NFC").replace(UNSAFE, "_").trim();
  const visible = plain.replace(/^\.+/, "_").replace(/[. ]+$/, "");
  let name = "";
  for (const character of visible) {
    if (Buffer.byteLength(name + character) > MOST_BYTES) break;
    name += character;
  }
  return name === "" || DEVICE.test(name) ? `_${name}` : name;
}

/** Some file systems do not distinguish names that differ in case. */
export const nameKey = (name: string): string => name.normalize("NFC").toLowerCase();

/** Names a folder for each class; classes with one name, or with a reserved one, get "-2", "-3" and so on. */
export function classFolders(classes: readonly string[], reserved: readonly string[]): string[] {
  const taken = new Set(reserved.map(nameKey));
  return classes.map((name) => {
    const folder = firstFree(safeName(name), (each) => !taken.has(nameKey(each)));
    taken.add(nameKey(folder));
    return folder;
  });
}

/** Returns the name itself or the first of name-2, name-3 ... that is free; `extension` stays at the end. */
export function firstFree(name: string, isFree: (name: string) => boolean, extension = ""): string {
  const stem = name.slice(0, name.length - extension.length);
  for (let i = 2, each = name; ; each = `${stem}-${i++}${extension}`) if (isFree(each)) return each;
}
