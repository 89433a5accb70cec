/** A folder as a value, so that data sets name no platform; `openFolder` of "s2-vision/node" makes one. */
export interface Folder {
  readonly name: string;
  /** Relative paths of all files, sorted, with "/". */
  list(): Promise<readonly string[]>;
  read(path: string): Promise<Uint8Array>;
}
