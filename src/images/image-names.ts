/** File extensions of images: the one table by which folders, globs and data sets choose files. */

/** Extensions of formats that are decoded (those of sharp; browsers lack TIFF). APNG decodes to its first frame. */
export const IMAGE_EXTENSIONS: readonly string[] = [
  ...["jpg", "jpeg", "jpe", "jfif", "jif", "pjpeg", "pjp"],
  ...["png", "apng", "webp", "avif", "gif", "tif", "tiff", "svg"],
];

/** Extensions of images that are not decoded, so that a folder reports such a file and does not pass over it without a word. */
export const UNDECODED_EXTENSIONS: readonly string[] = [
  ...["heic", "heif", "hif", "jxl", "bmp", "dib", "psd", "psb", "xcf", "exr", "tga", "svgz", "jxr", "wdp"],
  ...["jp2", "j2k", "jpf", "jpx", "j2c", "jpc", "ppm", "pgm", "pbm", "pnm", "pfm", "qoi"],
  ...[
    "dng",
    "cr2",
    "cr3",
    "crw",
    "nef",
    "nrw",
    "arw",
    "srf",
    "sr2",
    "orf",
    "raf",
    "rw2",
    "rwl",
    "pef",
    "srw",
    "x3f",
    "3fr",
    "iiq",
  ],
];

const extensionOf = (path: string): string => /\.([^./\\]+)$/.exec(path)?.[1].toLowerCase() ?? "";

/** Returns true for the name of an image that is decoded; its bytes may still say otherwise. */
export const isImageName = (path: string): boolean => IMAGE_EXTENSIONS.includes(extensionOf(path));

/** Returns true for the name of an image in a format that is not decoded (HEIC, BMP, camera raw ...). */
export const isUndecodedImageName = (path: string): boolean => UNDECODED_EXTENSIONS.includes(extensionOf(path));
