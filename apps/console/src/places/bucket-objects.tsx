import { Anchor, Button, Group, Table, Text, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { type FormEvent, type ReactNode, useState } from 'react';
import { DataTable } from '../ui/data-table.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { Instant } from '../ui/instant.tsx';
import { MoreButton } from '../ui/more-button.tsx';
import { Panel } from '../ui/panel.tsx';
import { ProblemNotice } from '../ui/problem-notice.tsx';
import { QueryView } from '../ui/query-view.tsx';
import { saveFile } from '../ui/save-file.ts';
import { sizeText } from '../ui/sizes.ts';
import { type BucketObject, useBucketObjects, useReadObject } from './content-queries.ts';
import { ObjectView } from './object-view.tsx';

interface ObjectRowProps {
  readonly bucket: string;
  readonly of: BucketObject;
  readonly onView: () => void;
}

function ObjectRow({ bucket, of: { key, bytes, written_time: written }, onView }: ObjectRowProps) {
  const read = useReadObject(bucket);
  const download = useMutation({
    mutationFn: async () => saveFile(await read(key), key.slice(key.lastIndexOf('/') + 1)),
  });
  return (
    <Table.Tr>
      <Table.Td className="code">
        <Anchor component="button" type="button" inherit ta="left" onClick={onView} style={{ overflowWrap: 'anywhere' }}>
          {key}
        </Anchor>
        {download.error !== null && <ProblemNotice error={download.error} />}
      </Table.Td>
      <Table.Td style={{ whiteSpace: 'nowrap' }}>{sizeText(bytes)}</Table.Td>
      <Table.Td style={{ whiteSpace: 'nowrap' }}>
        <Instant at={written} />
      </Table.Td>
      <Table.Td ta="right">
        <Button
          size="xs"
          variant="default"
          aria-label={`Download ${key}`}
          loading={download.isPending}
          onClick={() => download.mutate()}
        >
          Download
        </Button>
      </Table.Td>
    </Table.Tr>
  );
}

function PrefixForm({ prefix, onChange }: { readonly prefix: string; readonly onChange: (prefix: string) => void }) {
  const [text, setText] = useState(prefix);
  function submit(event: FormEvent) {
    event.preventDefault();
    onChange(text);
  }
  return (
    <form onSubmit={submit}>
      <Group align="flex-end" px="lg" pb="md">
        <TextInput
          label="Prefix of the key"
          placeholder="orders/2026/11/"
          spellCheck={false}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
          w={320}
          maw="100%"
        />
        <Button type="submit" variant="default">
          Filter
        </Button>
      </Group>
    </form>
  );
}

interface BucketObjectsProps {
  readonly bucket: string;
  readonly prefix: string;
  readonly onPrefix: (prefix: string) => void;
  /** Stands in place of the objects of an empty bucket. */
  readonly empty: ReactNode;
}

/** The objects of a bucket, the newest of a folder first, with a look into each. */
export function BucketObjects({ bucket, prefix, onPrefix, empty }: BucketObjectsProps) {
  const query = useBucketObjects(bucket, prefix);
  const [viewed, setViewed] = useState<BucketObject>();
  const refresh = (
    <Button size="xs" variant="default" loading={query.isRefetching} onClick={() => void query.refetch()}>
      Refresh
    </Button>
  );
  return (
    <Panel title="Objects" actions={refresh} isFlush>
      <PrefixForm key={prefix} prefix={prefix} onChange={onPrefix} />
      <QueryView query={query}>
        {({ pages }) => {
          const objects = pages.flatMap((page) => page.objects);
          if (objects.length === 0 && !query.hasNextPage)
            return prefix === '' ? empty : <Text p="lg">No key begins with “{prefix}”.</Text>;
          return (
            <>
              <DataTable label="Objects" headings={['Key', 'Size', 'Written', 'Acts']} minWidth={720}>
                {objects.map((object) => (
                  <ObjectRow key={object.key} bucket={bucket} of={object} onView={() => setViewed(object)} />
                ))}
              </DataTable>
              <MoreButton label="Show more objects" of={query} />
            </>
          );
        }}
      </QueryView>
      <Dialog
        opened={viewed !== undefined}
        onClose={() => setViewed(undefined)}
        title={viewed?.key.slice(viewed.key.lastIndexOf('/') + 1) ?? 'Object'}
        size="xl"
      >
        {viewed !== undefined && <ObjectView bucket={bucket} of={viewed} />}
      </Dialog>
    </Panel>
  );
}
