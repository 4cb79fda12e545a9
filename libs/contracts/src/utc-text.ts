import type { EpochMs } from './epoch-ms.ts';

const dayMs = 86_400_000;

const pad = (value: number, width = 2): string => String(value).padStart(width, '0');

/**
 * The calendar day of a day number since 1970-01-01.
 * @see https://howardhinnant.github.io/date_algorithms.html#civil_from_days
 */
function civilDay(days: number): string {
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1_460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shiftedMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1;
  const month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9;
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  return `${pad(year, 4)}-${pad(month)}-${pad(day)}`;
}

/** Writes an instant as `YYYY-MM-DDTHH:mm:ss.SSS` in UTC, without a zone. */
export function utcText(at: EpochMs): string {
  const ofDay = at % dayMs;
  const time = [Math.floor(ofDay / 3_600_000), Math.floor(ofDay / 60_000) % 60, Math.floor(ofDay / 1_000) % 60]
    .map((part) => pad(part))
    .join(':');
  return `${civilDay(Math.floor(at / dayMs))}T${time}.${pad(ofDay % 1_000, 3)}`;
}

/** As {@link utcText}, with the zone `Z`: as the API of Sendoff shows instants. */
export function utcInstant(at: EpochMs): string {
  return `${utcText(at)}Z`;
}
