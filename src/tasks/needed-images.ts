/** `neededImages`: how many test images would decide, where the intervals of the present ones contain 0. */

/** Half of a 95 % interval, and the distance that 80 % power adds, in standard errors: quantiles of the normal distribution. */
const REACH = 1.96 + 0.84;
/** A gain that needs more than this many times the images is called 0; its interval then lies below what the images would show. */
const MOST_TIMES = 100;

/** The test images that would decide, or the gains that the present ones exclude. */
export interface NeededImages {
  /** Number of test images, to two significant digits; absent where the gain is about 0. */
  readonly images?: number;
  /** Smallest gain that the present images would show in 80 of 100 cases; absent where they are too few to say. */
  readonly detectable?: number;
}

/**
 * Estimates the number of images at which a gain as large as the measured one would be significant with 80 % power, from the gains of configs
 * over the same one and their standard errors, which shrink with the root of the number of images. One gain is enough to advise a config; where
 * none has gained, all losses have to be shown.
 */
export function neededImages(
  gains: readonly { readonly value: number; readonly error: number }[],
  present: number,
): NeededImages {
  const needs = gains.map(({ value, error }) =>
    value === 0 ? Number.POSITIVE_INFINITY : present * ((REACH * error) / value) ** 2,
  );
  const ofGains = needs.filter((_, i) => gains[i].value > 0);
  const images = ofGains.length > 0 ? Math.min(...ofGains) : Math.max(...needs);
  const detectable = REACH * Math.max(...gains.map(({ error }) => error));
  return { ...(images <= MOST_TIMES * present && { images: Number(images.toPrecision(2)) }), detectable };
}
