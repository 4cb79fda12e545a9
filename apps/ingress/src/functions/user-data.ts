import { type FunctionDocument, userDataOwner } from '#contracts';
import type { Sealer } from '#platform';
import { ApiError } from '../http/api-error.ts';

const entriesMax = 20;
const bytesMax = 4_096;

/**
 * Reads name/value pairs from JSON in a string.
 * @throws ApiError FSS.1009, FSS.1017, FSS.1018.
 */
export function userDataOf(field: 'user_data' | 'encrypted_user_data', text: string | undefined): Record<string, string> {
  if (text === undefined || text === '') return {};
  if (Buffer.byteLength(text) > bytesMax) throw new ApiError('FSS.1018', `${field} may have ${bytesMax} bytes at most`);
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw new ApiError('FSS.1009', `${field} must be JSON in a string`);
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed))
    throw new ApiError('FSS.1009', `${field} must be a JSON object of names and values`);
  const entries = Object.entries(parsed).map(
    ([name, value]) => [name, typeof value === 'string' ? value : JSON.stringify(value)] as const,
  );
  if (entries.length > entriesMax) throw new ApiError('FSS.1017', `${field} may have ${entriesMax} entries at most`);
  return Object.fromEntries(entries);
}

/**
 * Reads and seals the encrypted user data of a body. The API never shows a value, so clients send
 * blank values back. Without the field, all values stay. A blank value keeps the stored one of its
 * name. A name that is left out is removed.
 * @throws ApiError FSS.1009, FSS.1017, FSS.1018.
 */
export function sealedUserData(
  text: string | undefined,
  before: FunctionDocument['sealedUserData'],
  bareUrn: string,
  sealer: Sealer,
): Pick<FunctionDocument, 'sealedUserData'> {
  if (text === undefined || text === '') return before === undefined ? {} : { sealedUserData: before };
  const sealed = Object.entries(userDataOf('encrypted_user_data', text)).map(([name, value]) => {
    const stored = value === '' && before !== undefined && Object.hasOwn(before, name) ? before[name] : undefined;
    return [name, stored ?? sealer.seal(value, userDataOwner(bareUrn, name))] as const;
  });
  return sealed.length === 0 ? {} : { sealedUserData: Object.fromEntries(sealed) };
}

/** Shows sealed user data: the names, each with a blank value. */
export function blankUserData(sealed: FunctionDocument['sealedUserData']): string {
  if (sealed === undefined) return '';
  return JSON.stringify(Object.fromEntries(Object.keys(sealed).map((name) => [name, ''])));
}
