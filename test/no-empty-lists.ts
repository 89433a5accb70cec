/** Makes `it.each([])` and `describe.each([])` fail: a list that was read from a folder and came out empty would hold nothing, in silence. */
import { describe, it } from "vitest";

type Each = (this: unknown, cases: unknown, ...rest: unknown[]) => unknown;

function refuseEmptyLists(collector: object): void {
  // Chains such as it.skipIf(...) copy their methods from `fn`.
  for (const target of [collector, (collector as { fn: object }).fn] as Record<"each" | "for", Each>[]) {
    for (const method of ["each", "for"] as const) {
      const original = target[method];
      target[method] = function (cases, ...rest) {
        if (Array.isArray(cases) && cases.length === 0)
          throw new Error(`${method}() got an empty list, so it would test nothing. Is what it lists missing?`);
        return original.call(this, cases, ...rest);
      };
    }
  }
}

refuseEmptyLists(it); // `test` is the same function
refuseEmptyLists(describe);
