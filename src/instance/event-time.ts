const shape =
  /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(\.\d{1,9})?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/iu;

/**
 * Reads a moment as RFC 3339 writes it: a date that there is, a time, and an offset.
 *
 * @param text The text; fractions of a second are read to the millisecond. A leap second is refused,
 *   because no clock here has one.
 * @returns Milliseconds since 1970, or `undefined` when the text is no such moment.
 */
export function readEventTime(text: string): number | undefined {
  const parts = shape.exec(text);
  if (parts === null) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts
    .slice(1, 7)
    .map(Number);
  // Date.parse turns the 31st of February into a day of March.
  const lastDay = new Date(Date.UTC(2000 + (year % 400), month, 0)).getUTCDate();
  if (month < 1 || month > 12 || day < 1 || day > lastDay) return undefined;
  if (hour > 23 || minute > 59 || second > 59) return undefined;
  const moment = Date.parse(text.toUpperCase());
  return Number.isNaN(moment) ? undefined : moment;
}

/** @returns The moment as reference §4.7 writes it: RFC 3339 in UTC, to the millisecond. */
export function eventTime(moment: number): string {
  return new Date(moment).toISOString();
}
