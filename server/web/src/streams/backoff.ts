/** How long to wait before trying again, in milliseconds. */

const FIRST = 250;
const LONGEST = 5_000;

/**
 * Doubles with each failure in a row, from 0 on, up to a bound. Half of it is drawn by lot, so
 * that not everybody comes back in the same moment after a restart.
 */
export function backoff(failures: number, random: () => number = Math.random): number {
  const longest = Math.min(LONGEST, FIRST * 2 ** Math.min(failures, 16));
  return longest / 2 + (longest / 2) * random();
}
