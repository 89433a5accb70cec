/** Property tests of a mutation run draw the same cases for every mutant: what kills a mutant must not be chance. */
import fc from "fast-check";

fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: 1, numRuns: 20 });
