import { Anchor, Button, FileButton, Group, Stack, Text, Textarea } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useRef, useState } from 'react';
import { useApi } from '../../session/session-context.tsx';
import { Facts } from '../../ui/facts.tsx';
import { Instant } from '../../ui/instant.tsx';
import { Panel } from '../../ui/panel.tsx';
import { ProblemNotice } from '../../ui/problem-notice.tsx';
import { QueryView } from '../../ui/query-view.tsx';
import { saveFile } from '../../ui/save-file.ts';
import { useDraft } from '../../ui/use-draft.ts';
import { textOfBase64 } from '../base64.ts';
import { useFunctionCode } from '../queries.ts';
import { ArchiveFiles, type Edits } from './archive-files.tsx';
import { archiveBlobOf } from './archive-queries.ts';
import { useSaveCode } from './save-code.ts';
import { sourceFileOf } from './source-file.ts';

/** Typed code, with the digest of the code that it changes. */
interface CodeDraft {
  readonly digest: string;
  /** A text or a URL, or the texts of files. */
  readonly edited: string | Edits;
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

interface CodeProps {
  readonly urn: string;
  readonly handler: string;
  readonly code: Code;
}

function savedText({ code_url: url, func_code: inline, runtime }: Code): string {
  return runtime === 'http' ? (url ?? '') : textOfBase64(inline?.file ?? '');
}

function isArchive({ code_type: type, runtime }: Code): boolean {
  return type !== 'inline' && runtime !== 'http';
}

function CodeEditor({ urn, handler, code }: CodeProps) {
  const draft = useDraft<CodeDraft>(`code ${urn}`);
  const digest = code.digest ?? '';
  const [note, setNote] = useState('');
  /** The draft that is on its way to the server. */
  const sent = useRef<CodeDraft>(undefined);
  const saving = useSaveCode(urn, draft.value?.digest ?? digest, (newDigest) => {
    // Later text changes the code that is there now.
    if (sent.current !== undefined) draft.saved(sent.current, (later) => ({ ...later, digest: newDigest }));
    setNote('Saved. The next invocation runs the new code.');
  });
  const isHttp = code.runtime === 'http';
  const edited = draft.value?.edited;
  const isChanged = edited !== undefined && (typeof edited !== 'string' || edited !== savedText(code));
  const edit = (next: string | Edits) => {
    setNote('');
    saving.reset();
    draft.set({ digest: draft.value?.digest ?? digest, edited: next });
  };
  const discard = () => {
    saving.reset();
    draft.clear();
  };
  function save() {
    if (edited === undefined) return;
    sent.current = draft.value;
    if (typeof edited !== 'string') saving.mutate({ kind: 'files', edits: edited });
    else saving.mutate(isHttp ? { kind: 'url', url: edited } : { kind: 'text', text: edited });
  }
  const edits = typeof edited === 'object' ? edited : {};
  return (
    <Stack gap="md">
      {isArchive(code) && typeof edited !== 'string' ? (
        <ArchiveFiles
          urn={urn}
          handler={handler}
          digest={digest}
          bytes={code.code_size ?? 0}
          edits={edits}
          onEdit={(name, text) => edit({ ...edits, [name]: text })}
        />
      ) : (
        <Textarea
          className="editor"
          label={isHttp ? 'URL of the server' : sourceFileOf(handler)}
          autosize
          minRows={isHttp ? 1 : 12}
          maxRows={32}
          spellCheck={false}
          value={typeof edited === 'string' ? edited : savedText(code)}
          onChange={(event) => edit(event.currentTarget.value)}
        />
      )}
      {saving.error !== null && <ProblemNotice error={saving.error} />}
      <Group>
        <Button onClick={save} loading={saving.isPending} disabled={!isChanged}>
          Save
        </Button>
        <Button variant="default" onClick={discard} disabled={!isChanged}>
          Discard changes
        </Button>
        {!isHttp && (
          <FileButton
            accept=".zip,application/zip"
            onChange={(file) => {
              sent.current = undefined;
              if (file !== null) saving.mutate({ kind: 'zip', file });
            }}
          >
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

/** Saves the archive, or the file of inline code. */
function CodeDownload({ urn, handler, code }: CodeProps) {
  const api = useApi();
  const file = sourceFileOf(handler).split('/').at(-1) ?? '';
  const download = useMutation({
    mutationFn: async () =>
      isArchive(code)
        ? saveFile(await archiveBlobOf(api, urn), `${urn.split(':').at(-1)}.zip`)
        : saveFile(new Blob([savedText(code)]), file),
  });
  if (code.runtime === 'http') return '–';
  return (
    <>
      {download.error !== null && <ProblemNotice error={download.error} />}
      <Anchor component="button" type="button" size="sm" onClick={() => download.mutate()}>
        Download {isArchive(code) ? 'ZIP' : file}
      </Anchor>
    </>
  );
}

/** The code of a function: its files shown, edited in place, or replaced by a ZIP file. */
export function CodeTab({ urn, handler }: { readonly urn: string; readonly handler: string }) {
  const query = useFunctionCode(urn);
  return (
    <QueryView query={query}>
      {(code) => (
        <>
          <Panel title="Code">
            <CodeEditor urn={urn} handler={handler} code={code} />
          </Panel>
          <Panel title="Stored code">
            <Facts
              of={[
                ['Form', code.code_type],
                ['Size', `${(code.code_size ?? 0).toLocaleString()} bytes`],
                ['SHA-512', <span className="code">{code.digest}</span>],
                ['Changed', <Instant at={code.last_modified} />],
                ['File', <CodeDownload urn={urn} handler={handler} code={code} />],
              ]}
            />
          </Panel>
        </>
      )}
    </QueryView>
  );
}
