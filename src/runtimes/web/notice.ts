/** What is not as it was asked for and yet no reason to stop: said once, in words. */

/** `code` is one of docs/errors.md's. */
export interface Notice {
  readonly code: string;
  readonly message: string;
}

export type OnNotice = (notice: Notice) => void;

/** Where nobody listens. */
export const toConsole: OnNotice = ({ code, message }) => console.warn(`s2-vision: ${message} (${code})`);
