import { contractViolated } from './errors.ts';

/** Letters, digits, `-`, `_`, `.` and `:`. Log lines and keys of objects contain request ids. */
const pattern = /^[A-Za-z0-9_.:-]{1,64}$/;

/** True if a text has the form of a request id or message id. */
export function isRequestId(text: string): boolean {
  return pattern.test(text);
}

/**
 * Returns a request id or message id of a record as it is.
 * @throws PlatformError `CONTRACT_VIOLATED` for other characters, or more than 64.
 */
export function checkedRequestId(text: string): string {
  if (!isRequestId(text)) throw contractViolated('the request id is not 1 to 64 of the characters A-Z a-z 0-9 _ . : -');
  return text;
}
