/** Damage to tables, lists, YAML and XML: odd encodings, separators, quotes, numbers, paths that leave the folder. */
import type { Random } from "./corpus.ts";

const ODD = [
  ...["\0", "\ufeff", "[", "{a: &a [*a]}", '"', "\n\n,,,\n", "1e999", "-1", "..", "../../x", "/etc/passwd", "\ud800"],
  ...["999999999999", "NaN", "%s", ";", "__proto__", "constructor", "null", "&x;", "<a>", "]]>", "\t", "\r", "nan inf"],
  ...["!!js/function x", "? [a]: b", "*nothing", "&a [*a, *a]", "- - - -", "0.5 ".repeat(5000), "<a>".repeat(20_000)],
];

const bomb = `a: &a [x,x,x,x,x,x,x,x,x]\n${"bcdefghi"
  .split("")
  .map((name, i) => `${name}: &${name} [${Array(9).fill(`*${"abcdefgh"[i]}`).join(",")}]`)
  .join("\n")}\nnames: *i\n`;
const entities =
  '<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>\n<annotation>&b;</annotation>';

const edits: readonly ((text: string, random: Random) => string | Buffer)[] = [
  (text) => Buffer.from(`\ufeff${text}`, "utf16le"),
  (text) => Buffer.from(text, "utf16le").swap16(),
  (text) => Buffer.from(text.replace(/[a-z]/, "é"), "latin1"),
  (text) => text.replaceAll("\n", "\r"),
  (text) => text.replaceAll("\n", "\r\n"),
  (text) => text.replaceAll(",", ";"),
  (text) => text.replaceAll(/\d+(\.\d+)?/g, "-1"),
  (text, random) => text.replaceAll(/\d+(\.\d+)?/g, random.pick(["NaN", "1e9", "1e308", "0", "2147483648"])),
  () => bomb,
  () => entities,
  (text) => `${text}${text}`,
  (text, random) => text.repeat(random.pick([2, 300])),
];

/** A damaged text file. */
export function damageText(file: Uint8Array, random: Random): Buffer {
  const text = Buffer.from(file).toString("utf8");
  if (random.below(2)) return Buffer.from(random.pick(edits)(text, random) as Buffer);
  const words = text.split(/(\s+|[,;:<>"])/);
  for (let n = 1 + random.below(3); n > 0; n--) {
    const at = random.below(words.length);
    words[at] = random.pick([() => random.pick(ODD), () => "", () => random.pick(words), () => words[at] + random.pick(ODD)])();
  }
  return Buffer.from(words.join(""));
}
