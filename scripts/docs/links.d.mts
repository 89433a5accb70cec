/** Types of links.mjs, for the tests. */
export function brokenLinks(folder: string): { page: string; link: string; why: string }[];
