/** Times of the exchange as text. All of them are UTC, as in the chart. */

/** `14:05:09` */
export function timeOfDay(millis: number): string {
  return new Date(millis).toISOString().slice(11, 19);
}

/** `2026-01-31 14:05:09` */
export function dateAndTime(millis: number): string {
  return new Date(millis).toISOString().slice(0, 19).replace("T", " ");
}
