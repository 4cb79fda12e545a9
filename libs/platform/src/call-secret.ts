import type { FunctionDocument } from '#contracts';
import type { Sealer } from './sealer.ts';

/**
 * Derives the call secret of a function: the Standard Webhooks secret that signs the calls to its
 * `code_url`. All versions of a function share it. It depends on the id too, so that a function
 * that was deleted and created again has another one.
 * @returns `whsec_` and 32 bytes in Base64.
 */
export function callSecretOf(sealer: Sealer, { project, id }: Pick<FunctionDocument, 'project' | 'id'>): string {
  return `whsec_${sealer.derive(`calls of ${project} ${id}`).toString('base64')}`;
}
