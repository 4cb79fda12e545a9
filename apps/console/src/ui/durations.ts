const units = [
  [86_400, 'd'],
  [3_600, 'h'],
  [60, 'min'],
] as const;

/** Seconds in words of at most two units: `2 h 5 min`. From 10 minutes on without seconds. */
export function durationText(seconds: number): string {
  if (!Number.isFinite(seconds)) return 'never';
  if (seconds < 10) return `${Math.round(seconds * 10) / 10} s`;
  if (seconds < 59.5) return `${Math.round(seconds)} s`;
  const whole = Math.round(seconds);
  const at = units.findIndex(([length]) => whole >= length);
  const [length, name] = units[at] ?? [1, 's'];
  const [nextLength, nextName] = units[at + 1] ?? [1, 's'];
  const rest = nextName === 's' && whole >= 600 ? 0 : Math.floor((whole % length) / nextLength);
  return `${Math.floor(whole / length)} ${name}${rest === 0 ? '' : ` ${rest} ${nextName}`}`;
}

/** A measured duration with its milliseconds: `12 ms`, `1.234 s`, and in words from a minute on. */
export function exactText(seconds: number): string {
  if (seconds < 1) return `${Math.round(seconds * 1_000)} ms`;
  return seconds < 60 ? `${seconds.toFixed(3)} s` : durationText(seconds);
}

/** A rate with as many digits as matter. */
export function rateText(perMinute: number): string {
  const digits = perMinute >= 10 ? 0 : 1;
  return perMinute.toLocaleString(undefined, { maximumFractionDigits: digits });
}
