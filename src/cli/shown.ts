/** Paths for people: what a terminal would take for a command is escaped, and what is to be pasted is quoted for the shell. */

/** Control characters, line ends of Unicode, and marks that turn the direction of writing. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is escaped
const UNSEEN = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

const SHORT: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

const escaped = (character: string): string => SHORT[character] ?? `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;

/** The path (or a sentence with one) with control characters escaped: one line that leaves the terminal as it is. */
export const shown = (path: string): string => path.replace(UNSEEN, escaped);

/** The text as one word of a shell. */
export function quoted(text: string): string {
  if (/^[\w@%+=:,./-]+$/.test(text)) return text;
  if (process.platform === "win32") return `"${text}"`;
  if (shown(text) === text) return `'${text.replaceAll("'", "'\\''")}'`;
  return `$'${shown(text.replaceAll("\\", "\\\\").replaceAll("'", "\\'"))}'`;
}
