import { Alert, Anchor, Button, FileButton, Group, Stack, Text, Textarea } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { answerOf } from '../api/client.ts';
import { useApi } from '../session/session-context.tsx';
import { Facts } from '../ui/facts.tsx';
import { Instant } from '../ui/instant.tsx';
import { Panel } from '../ui/panel.tsx';
import { ProblemNotice } from '../ui/problem-notice.tsx';
import { QueryView } from '../ui/query-view.tsx';
import { saveFile } from '../ui/save-file.ts';
import { useDraft } from '../ui/use-draft.ts';
import { base64Of, base64OfText, textOfBase64 } from './base64.ts';
import { useFunctionCode } from './queries.ts';

/** New code: text, a ZIP file, or the URL of an HTTP server. */
type NewCode =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'zip'; readonly file: File }
  | { readonly kind: 'url'; readonly url: string };

async function bodyOf(code: NewCode) {
  switch (code.kind) {
    case 'text':
      return { code_type: 'inline' as const, func_code: { file: base64OfText(code.text) } };
    case 'zip':
      return { code_type: 'zip' as const, func_code: { file: base64Of(new Uint8Array(await code.file.arrayBuffer())) } };
    case 'url':
      return { code_type: 'inline' as const, code_url: code.url };
    default:
      return code satisfies never;
  }
}

function useSaveCode(urn: string, onSaved: () => void) {
  const { client, project } = useApi();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async (code: NewCode) => {
      const params = { path: { project, urn } };
      return answerOf(client.PUT('/v2/{project}/fgs/functions/{urn}/code', { params, body: await bodyOf(code) }));
    },
    onSuccess: async () => {
      onSaved();
      await queries.invalidateQueries({ queryKey: ['functions'] });
    },
  });
}

/** Saves the archive under the name of the function. */
function useDownload(urn: string) {
  const api = useApi();
  return useMutation({
    mutationFn: async () => {
      const response = await api.send('GET', `/sendoff/functions/${encodeURIComponent(urn)}/archive`);
      if (!response.ok) return answerOf(Promise.resolve({ response, error: await response.json().catch(() => undefined) }));
      saveFile(await response.blob(), `${urn.split(':').at(-1)}.zip`);
      return undefined;
    },
  });
}

interface Code {
  readonly code_type?: string;
  readonly code_url?: string;
  readonly code_size?: number;
  readonly digest?: string;
  readonly last_modified?: string;
  readonly func_code?: { readonly file?: string };
  readonly runtime?: string;
}

function CodeEditor({ urn, code }: { readonly urn: string; readonly code: Code }) {
  const draft = useDraft<string>(`code ${urn}`);
  const [note, setNote] = useState('');
  const saving = useSaveCode(urn, () => {
    draft.clear();
    setNote('Saved. The next invocation runs the new code.');
  });
  const isHttp = code.runtime === 'http';
  const isInline = code.code_type === 'inline' && !isHttp;
  const saved = isHttp ? (code.code_url ?? '') : isInline ? textOfBase64(code.func_code?.file ?? '') : '';
  const text = draft.value ?? saved;
  const isChanged = draft.value !== undefined && draft.value !== saved;
  const save = () => saving.mutate(isHttp ? { kind: 'url', url: text } : { kind: 'text', text });
  return (
    <Stack gap="md">
      {!isInline && !isHttp && (
        <Alert variant="default" title="The code is a ZIP file">
          Upload another one, or write code here to replace it by one file.
        </Alert>
      )}
      <Textarea
        className="editor"
        label={isHttp ? 'URL of the server' : 'index.js'}
        autosize
        minRows={isHttp ? 1 : 12}
        maxRows={32}
        spellCheck={false}
        value={text}
        onChange={(event) => {
          setNote('');
          draft.set(event.currentTarget.value);
        }}
      />
      {saving.error !== null && <ProblemNotice error={saving.error} />}
      <Group>
        <Button onClick={save} loading={saving.isPending} disabled={!isChanged}>
          Save
        </Button>
        <Button variant="default" onClick={draft.clear} disabled={!isChanged}>
          Discard changes
        </Button>
        {!isHttp && (
          <FileButton accept=".zip,application/zip" onChange={(file) => file !== null && saving.mutate({ kind: 'zip', file })}>
            {(props) => (
              <Button variant="default" {...props}>
                Upload ZIP
              </Button>
            )}
          </FileButton>
        )}
        <Text size="sm" c="dimmed" role="status">
          {isChanged ? 'Not saved yet.' : note}
        </Text>
      </Group>
    </Stack>
  );
}

/** The code of a function: shown, edited in place, or replaced by a ZIP file. */
export function CodeTab({ urn }: { readonly urn: string }) {
  const query = useFunctionCode(urn);
  const download = useDownload(urn);
  return (
    <QueryView query={query}>
      {(code) => (
        <>
          <Panel title="Code">
            <CodeEditor urn={urn} code={code} />
          </Panel>
          <Panel title="Stored code">
            {download.error !== null && <ProblemNotice error={download.error} />}
            <Facts
              of={[
                ['Form', code.code_type],
                ['Size', `${(code.code_size ?? 0).toLocaleString()} bytes`],
                ['SHA-512', <span className="code">{code.digest}</span>],
                ['Changed', <Instant at={code.last_modified} />],
                [
                  'Archive',
                  code.runtime === 'http' ? (
                    '–'
                  ) : (
                    <Anchor component="button" type="button" size="sm" onClick={() => download.mutate()}>
                      Download ZIP
                    </Anchor>
                  ),
                ],
              ]}
            />
          </Panel>
        </>
      )}
    </QueryView>
  );
}
