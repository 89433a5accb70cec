/** Exit statuses; listed at the bottom of `s2 --help` and in docs/command.md. */
export const status = {
  ok: 0,
  someFailed: 1,
  usage: 2,
  model: 3,
  allFailed: 4,
  unexpected: 70,
  /** 128 + the number of the signal, as shells have it. */
  hungUp: 129,
  interrupted: 130,
  closed: 141,
  terminated: 143,
} as const;
