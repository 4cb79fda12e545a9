import { Anchor, Button, Group, Stack, Table, Text, Textarea, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { DataTable } from '../../ui/data-table.tsx';
import { ProblemNotice } from '../../ui/problem-notice.tsx';
import { QueryView } from '../../ui/query-view.tsx';
import { saveFile } from '../../ui/save-file.ts';
import { sizeText } from '../../ui/sizes.ts';
import { type Archive, shownBytesMax, useArchive, useFileText } from './archive-queries.ts';
import { handlerEntryOf } from './source-file.ts';
import { unpacked, type ZipEntry } from './zip.ts';

/** A larger archive is read when the viewer asks for it. */
const readAtOnceBytesMax = 2_000_000;
/** Rows of the list; a filter finds the other files. */
const listedMax = 200;
/** Fewer files need no filter. */
const filterFrom = 15;

/** Changed texts of files, by their names. */
export type Edits = Readonly<Record<string, string>>;

interface FilesProps {
  readonly archive: Archive;
  readonly handler: string;
  readonly edits: Edits;
  readonly onEdit: (name: string, text: string) => void;
}

function FileList({ archive: { files }, edits, shown, onShow }: FilesProps & { shown: string; onShow: (name: string) => void }) {
  const [part, setPart] = useState('');
  const found = files.filter(({ name }) => name.toLowerCase().includes(part.trim().toLowerCase()));
  return (
    <Stack gap="sm">
      {files.length >= filterFrom && (
        <TextInput label="Part of the name" value={part} onChange={(event) => setPart(event.currentTarget.value)} maw={320} />
      )}
      <div className="file-list">
        <DataTable label="Files" headings={['File', 'Size']} minWidth={260}>
          {found.slice(0, listedMax).map(({ name, bytes }) => (
            <Table.Tr key={name}>
              <Table.Td style={{ overflowWrap: 'anywhere' }}>
                <Anchor
                  component="button"
                  type="button"
                  size="sm"
                  className="code"
                  ta="left"
                  aria-pressed={name === shown}
                  fw={name === shown ? 700 : 400}
                  onClick={() => onShow(name)}
                >
                  {name}
                </Anchor>
                {edits[name] !== undefined && ' (changed)'}
              </Table.Td>
              <Table.Td style={{ whiteSpace: 'nowrap' }}>{sizeText(bytes)}</Table.Td>
            </Table.Tr>
          ))}
        </DataTable>
      </div>
      {found.length !== files.length || found.length > listedMax ? (
        <Text size="sm" c="dimmed" role="status">
          {Math.min(found.length, listedMax)} of {files.length.toLocaleString()} files
        </Text>
      ) : null}
    </Stack>
  );
}

function FileDownload({ archive, entry }: { readonly archive: Archive; readonly entry: ZipEntry }) {
  const download = useMutation({
    mutationFn: async () =>
      saveFile(new Blob([await unpacked(archive.bytes, entry, entry.bytes)]), entry.name.split('/').at(-1) ?? ''),
  });
  return (
    <>
      {download.error !== null && <ProblemNotice error={download.error} />}
      <div>
        <Button size="xs" variant="default" loading={download.isPending} onClick={() => download.mutate()}>
          Download this file
        </Button>
      </div>
    </>
  );
}

function FileText({ archive, entry, edits, onEdit }: Omit<FilesProps, 'handler'> & { readonly entry: ZipEntry }) {
  const query = useFileText(archive, entry);
  if (entry.bytes > shownBytesMax)
    return <Text size="sm">This file has more than {sizeText(shownBytesMax)}. Download it to see it.</Text>;
  return (
    <QueryView query={query}>
      {(text) =>
        text === null ? (
          <Text size="sm">This file holds no text. Download it to use it.</Text>
        ) : (
          <Textarea
            className="editor"
            label={entry.name}
            autosize
            minRows={6}
            maxRows={28}
            spellCheck={false}
            value={edits[entry.name] ?? text}
            onChange={(event) => onEdit(entry.name, event.currentTarget.value)}
          />
        )
      }
    </QueryView>
  );
}

function Files(props: FilesProps) {
  const { archive, handler } = props;
  const [chosen, setChosen] = useState<string>();
  const entry = archive.files.find(({ name }) => name === chosen) ?? handlerEntryOf(archive.files, handler) ?? archive.files[0];
  if (entry === undefined) return <Text size="sm">The archive has no files.</Text>;
  return (
    <Stack gap="md">
      <FileList {...props} shown={entry.name} onShow={setChosen} />
      <FileText key={entry.name} {...props} entry={entry} />
      <FileDownload key={`download ${entry.name}`} archive={archive} entry={entry} />
    </Stack>
  );
}

interface ArchiveFilesProps extends Omit<FilesProps, 'archive'> {
  readonly urn: string;
  readonly digest: string;
  readonly bytes: number;
}

/** The files of a function whose code is an archive. Files of text can be edited. */
export function ArchiveFiles({ urn, digest, bytes, ...props }: ArchiveFilesProps) {
  const [isAsked, setAsked] = useState(false);
  const isWanted = isAsked || bytes <= readAtOnceBytesMax;
  const query = useArchive(urn, digest, isWanted);
  if (!isWanted)
    return (
      <Group>
        <Text size="sm">The archive has {sizeText(bytes)}.</Text>
        <Button size="xs" variant="default" onClick={() => setAsked(true)}>
          Show its files
        </Button>
      </Group>
    );
  return <QueryView query={query}>{(archive) => <Files {...props} archive={archive} />}</QueryView>;
}
