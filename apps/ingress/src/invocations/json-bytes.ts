import { isUtf8 } from 'node:buffer';

/** Parses JSON in UTF-8. Returns undefined if the bytes are not UTF-8 or not JSON. */
export function parsedJson(bytes: Buffer): { readonly value: unknown } | undefined {
  if (!isUtf8(bytes)) return undefined;
  try {
    return { value: JSON.parse(bytes.toString('utf8')) as unknown };
  } catch {
    return undefined;
  }
}

/** Whether bytes are a JSON object in UTF-8. */
export function isJsonObject(bytes: Buffer): boolean {
  const value = parsedJson(bytes)?.value;
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
