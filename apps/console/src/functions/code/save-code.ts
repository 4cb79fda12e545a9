import { useMutation, useQueryClient } from '@tanstack/react-query';
import { answerOf } from '../../api/client.ts';
import { ApiProblem } from '../../api/problem.ts';
import { useApi } from '../../session/session-context.tsx';
import { base64Of, base64OfText } from '../base64.ts';
import type { Archive } from './archive-queries.ts';
import type { Edits } from './archive-files.tsx';
import { withContents } from './zip.ts';

/** New code: text, changed files of the archive, another ZIP file, or the URL of an HTTP server. */
export type NewCode =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'files'; readonly edits: Edits }
  | { readonly kind: 'zip'; readonly file: File }
  | { readonly kind: 'url'; readonly url: string };

function zipBody(bytes: Uint8Array) {
  return { code_type: 'zip' as const, func_code: { file: base64Of(bytes) } };
}

function editedZip(archive: Archive | undefined, edits: Edits): Uint8Array {
  if (archive === undefined) throw new ApiProblem('local', 'The files are not loaded yet. Try again in a moment.');
  const contents = Object.entries(edits).map(([name, text]) => [name, new TextEncoder().encode(text)] as const);
  return withContents(archive.bytes, new Map(contents));
}

async function bodyOf(code: NewCode, archive: Archive | undefined) {
  switch (code.kind) {
    case 'text':
      return { code_type: 'inline' as const, func_code: { file: base64OfText(code.text) } };
    case 'files':
      return zipBody(editedZip(archive, code.edits));
    case 'zip':
      return zipBody(new Uint8Array(await code.file.arrayBuffer()));
    case 'url':
      return { code_type: 'inline' as const, code_url: code.url };
    default:
      return code satisfies never;
  }
}

/**
 * Replaces the code of a function. Edits are refused if somebody else replaced the code meanwhile.
 * @param digest of the code that the viewer edited.
 */
export function useSaveCode(urn: string, digest: string, onSaved: (newDigest: string) => void) {
  const { client, project } = useApi();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async (code: NewCode) => {
      const params = { path: { project, urn } };
      if (code.kind !== 'zip') {
        const now = await answerOf(client.GET('/v2/{project}/fgs/functions/{urn}/code', { params }));
        if ((now.digest ?? '') !== digest)
          throw new ApiProblem('changed', 'The code is no longer the one that you edited, so it was not replaced.');
      }
      const archive = queries.getQueryData<Archive>(['archive', urn, digest]);
      return answerOf(client.PUT('/v2/{project}/fgs/functions/{urn}/code', { params, body: await bodyOf(code, archive) }));
    },
    onSuccess: async (saved) => {
      // Otherwise the editor would show the code of before until it is read again.
      queries.setQueryData(['functions', urn, 'code'], saved);
      onSaved(saved.digest ?? '');
      await queries.invalidateQueries({ queryKey: ['functions'] });
    },
  });
}
