/** Tables of text: columns under headings, each as wide as its widest cell. */

/** Formats rows as lines without trailing blanks. */
export function formatTable(headings: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const lines = [headings, ...rows];
  const columns = headings.map((_, column) => Math.max(...lines.map((cells) => cells[column].length)));
  return lines.map((cells) =>
    cells
      .map((cell, column) => cell.padEnd(columns[column]))
      .join("  ")
      .trimEnd(),
  );
}
