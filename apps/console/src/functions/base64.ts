/** Encodes bytes as Base64. */
export function base64Of(bytes: Uint8Array): string {
  let text = '';
  // One call with all bytes would exceed the number of arguments that a call may have.
  for (let at = 0; at < bytes.length; at += 32_768) text += String.fromCharCode(...bytes.subarray(at, at + 32_768));
  return btoa(text);
}

/** Encodes text as UTF-8 in Base64. */
export function base64OfText(text: string): string {
  return base64Of(new TextEncoder().encode(text));
}

/** Decodes Base64 that holds UTF-8. */
export function textOfBase64(base64: string): string {
  return new TextDecoder().decode(Uint8Array.from(atob(base64), (character) => character.charCodeAt(0)));
}
