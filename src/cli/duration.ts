/** Durations in words, rounded up to the unit that is shown: "59 s", "1 min 5 s", "2 h 10 min". */

export function durationInWords(seconds: number): string {
  const whole = Math.ceil(seconds); // before it is divided: 119.5 s are 2 min, not 1 min 60 s
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  const minutes = Math.ceil(seconds / 60);
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
