/** Numbers, times and durations as people read them. English, 24 hours, this computer's time zone. */

const NUMBER = new Intl.NumberFormat('en-GB', { maximumFractionDigits: 0 });
// American, because British English shortens a million to "m", which reads as milli.
const COMPACT = new Intl.NumberFormat('en-US', { notation: 'compact', maximumFractionDigits: 1 });
const CLOCK = new Intl.DateTimeFormat('en-GB', {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
});
const CLOCK_MINUTES = new Intl.DateTimeFormat('en-GB', {
  hour: '2-digit',
  minute: '2-digit',
  hourCycle: 'h23',
});

/** Where a figure is missing: never 0. */
export const NOTHING = '–';

/** "12,402" */
export function count(value: number | null): string {
  return value === null ? NOTHING : NUMBER.format(value);
}

/** "12.4K" for an axis. */
export function shortCount(value: number): string {
  return value < 10_000 ? NUMBER.format(value) : COMPACT.format(value);
}

/** "1 packet", "70 packets" */
export function counted(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

/** Seconds in three significant digits of a fitting unit: "42.3 µs", "1.2 ms", "2.5 s". */
export function duration(seconds: number | null): string {
  if (seconds === null) return NOTHING;
  if (seconds === 0) return '0 s';
  const [value, unit] = inUnit(seconds);
  return `${significant(value)} ${unit}`;
}

function inUnit(seconds: number): [number, string] {
  // 999.5 of a unit would round to four digits of it: it is 1 of the next.
  if (seconds < 0.999_5e-6) return [seconds * 1e9, 'ns'];
  if (seconds < 0.999_5e-3) return [seconds * 1e6, 'µs'];
  if (seconds < 0.999_5) return [seconds * 1e3, 'ms'];
  return [seconds, 's'];
}

function significant(value: number): string {
  if (value >= 99.95) return value.toFixed(0);
  return Number(value.toPrecision(3)).toString();
}

/** "18:24:05" */
export function clock(milliseconds: number): string {
  return CLOCK.format(milliseconds);
}

/** "18:24" */
export function clockMinutes(milliseconds: number): string {
  return CLOCK_MINUTES.format(milliseconds);
}

/** "just now", "4 s ago", "2 min ago", "3 h ago" */
export function age(milliseconds: number): string {
  const seconds = Math.floor(milliseconds / 1_000);
  if (seconds < 1) return 'just now';
  if (seconds < 120) return `${seconds} s ago`;
  const minutes = Math.floor(seconds / 60);
  return minutes < 120 ? `${minutes} min ago` : `${Math.floor(minutes / 60)} h ago`;
}

/** "10 s", "3 min" */
export function span(seconds: number): string {
  return seconds < 120 ? `${seconds} s` : `${Math.round(seconds / 60)} min`;
}

/** "97 %"; anything short of all stays below 100 %. */
export function percent(ratio: number): string {
  if (ratio >= 1) return '100 %';
  return `${Math.min(Math.floor(ratio * 1_000) / 10, 99.9)} %`;
}

/** "10.7.0.2:8080", "[2001:db8::1]:443", "10.7.0.2" without a port. */
export function endpoint(address: string, port: number): string {
  if (address === '') return NOTHING;
  if (port === 0) return address;
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}
