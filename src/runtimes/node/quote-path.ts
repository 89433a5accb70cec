/** Paths in messages: control characters are escaped, and what is to be pasted into a shell is quoted. */

/** Control characters, line ends of Unicode, and marks that turn the direction of writing. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is escaped
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

const SHORT: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

const escaped = (character: string): string => SHORT[character] ?? `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;

/** Escapes the control characters of a path (or of a sentence with one), so that it is one line and leaves the terminal as it is. */
export const escapePath = (path: string): string => path.replace(CONTROL, escaped);

/** Quotes the text as one word of a shell. */
export function quotePath(text: string): string {
  if (/^[\w@%+=:,./-]+$/.test(text)) return text;
  if (process.platform === "win32") return `"${text}"`;
  if (escapePath(text) === text) return `'${text.replaceAll("'", "'\\''")}'`;
  return `$'${escapePath(text.replaceAll("\\", "\\\\").replaceAll("'", "\\'"))}'`;
}
