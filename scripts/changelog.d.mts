/** Types of changelog.mjs, for the tests. */
export function closeUnreleased(changelog: string, version: string, date: string): string;
export function notesOf(changelog: string, version: string): string;
export function citeVersion(citation: string, version: string, date: string): string;
