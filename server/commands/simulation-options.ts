/** Parsers of the options that `simulate` and `demo` share. */

/** @throws Error for anything but HH:MM. */
export function parseStart(value: string): string {
  if (!/^([01]\d|2[0-3]):[0-5]\d$/.test(value))
    throw new Error(`--start must be HH:MM in IST, not ${value}.`);
  return value;
}

/** @throws Error for anything but a number above 0 and up to 600. */
export function parseRate(value: string): number {
  const rate = Number(value);
  if (!(rate > 0 && rate <= 600))
    throw new Error(`--rate must be a number above 0, 600 at most, not ${value}.`);
  return rate;
}

/** @throws Error for anything but 0–65535; 0 takes any free port. */
export function parsePort(value: string): number {
  if (!/^\d{1,5}$/.test(value) || Number(value) > 65_535)
    throw new Error(`--port must be 0 to 65535, not ${value}.`);
  return Number(value);
}
