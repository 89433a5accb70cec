/** Reads and closes sections of CHANGELOG.md, and names a version in CITATION.cff. Pure text in and out: scripts/release.mjs does the rest. */

const unreleased = /^## (?:Unreleased|\S+ \(unreleased\))$/m;

/** Names the unreleased section after a version and begins a new, empty one above it. */
export function closeUnreleased(changelog, version, date) {
  if (!unreleased.test(changelog))
    throw new Error('CHANGELOG.md has no section "## Unreleased". Add one that says what users see.');
  if (bodyAfter(changelog, unreleased) === "")
    throw new Error("CHANGELOG.md says nothing below its unreleased section. Say what changed.");
  if (headingOf(version).test(changelog))
    throw new Error(`CHANGELOG.md already has a section of ${version}. Choose a newer version.`);
  return changelog.replace(unreleased, `## Unreleased\n\n## ${version} (${date})`);
}

/** Returns the text of a released version's section, for its release page. */
export function notesOf(changelog, version) {
  const notes = bodyAfter(changelog, headingOf(version));
  if (!notes) throw new Error(`CHANGELOG.md has no section "## ${version} (DATE)". Make releases by npm run release.`);
  return notes;
}

/** Sets the version and the release date in the text of CITATION.cff. */
export function citeVersion(citation, version, date) {
  return citation.replace(/^version: .*\n(?:date-released: .*\n)?/m, `version: ${version}\ndate-released: "${date}"\n`);
}

const headingOf = (version) => new RegExp(`^## ${version.replaceAll(".", "\\.")} \\(\\d{4}-\\d\\d-\\d\\d\\)$`, "m");

/** Returns what stands between a heading and the next of its level; undefined without the heading. */
function bodyAfter(changelog, heading) {
  const found = heading.exec(changelog);
  return found
    ? changelog
        .slice(found.index + found[0].length)
        .split(/^## /m)[0]
        .trim()
    : undefined;
}
