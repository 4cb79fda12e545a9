import { Table } from '@mantine/core';
import { useSearchParams } from 'wouter';
import { NoticeList } from '../notices/notice-list.tsx';
import { countText, type Target, useTargetsOfPlace } from '../targets/queries.ts';
import { DataTable } from '../ui/data-table.tsx';
import { EmptyState } from '../ui/empty-state.tsx';
import { Instant } from '../ui/instant.tsx';
import { usePlaces } from './queries.ts';
import { NoSuch } from '../ui/no-such.tsx';
import { PageHead } from '../ui/page-head.tsx';
import { Panel } from '../ui/panel.tsx';
import { TextLink } from '../ui/text-link.tsx';
import { Trail } from '../ui/trail.tsx';
import { useGoOn } from '../ui/use-go-on.ts';
import { BucketObjects } from './bucket-objects.tsx';
import { DeletePlace } from './delete-place.tsx';
import { placeWords } from './place-kinds.ts';
import type { PlaceKind } from './queries.ts';
import { StreamRecords } from './stream-records.tsx';

interface PlaceProps {
  readonly kind: PlaceKind;
  readonly name: string;
}

const nothingWritten = (
  <EmptyState title="Nothing was written yet">
    Open a <TextLink href="/functions">function</TextLink>, choose this place in its tab “Async Notification”, and call it
    asynchronously.
  </EmptyState>
);

/** The folder of a target within its bucket, as keys of its objects begin. */
function prefixOf(target: string): string {
  const folder = target.slice(target.indexOf('/') + 1);
  return folder === '' || folder.endsWith('/') ? folder : `${folder}/`;
}

function Folders({ of, prefix }: { readonly of: readonly Target[]; readonly prefix: string }) {
  return (
    <Panel title="Folders of functions" isFlush>
      <DataTable label="Folders of functions" headings={['Folder', 'Pending', 'Undelivered', 'Last object']} minWidth={560}>
        {of.map(({ target, pending, undelivered, last_success_time: written }) => (
          <Table.Tr key={target} aria-current={prefixOf(target) === prefix ? 'true' : undefined}>
            <Table.Td className="code">
              <TextLink href={`?prefix=${encodeURIComponent(prefixOf(target))}`}>{`/${prefixOf(target)}`}</TextLink>
            </Table.Td>
            <Table.Td>{countText(pending)}</Table.Td>
            <Table.Td>{countText(undelivered)}</Table.Td>
            <Table.Td>
              <Instant at={written} />
            </Table.Td>
          </Table.Tr>
        ))}
      </DataTable>
    </Panel>
  );
}

/** The folders that notices went to, which only viewers of the whole project may list. */
function BucketNotices({ name, prefix }: { readonly name: string; readonly prefix: string }) {
  const { data: targets = [] } = useTargetsOfPlace('buckets', name);
  const chosen = targets.find(({ target }) => prefixOf(target) === prefix) ?? targets[0];
  if (chosen === undefined) return null;
  return (
    <>
      {targets.length > 1 && <Folders of={targets} prefix={prefix} />}
      <Panel title={`Notices to ${chosen.target.slice('OBS:'.length)}`} isFlush>
        <NoticeList key={chosen.target} filter={{ target: chosen.target }} empty={nothingWritten} />
      </Panel>
    </>
  );
}

function Bucket({ name }: { readonly name: string }) {
  const [search, setSearch] = useSearchParams();
  const prefix = search.get('prefix') ?? '';
  const change = (next: string) => setSearch(next === '' ? {} : { prefix: next });
  return (
    <>
      <BucketObjects bucket={name} prefix={prefix} onPrefix={change} empty={nothingWritten} />
      <BucketNotices name={name} prefix={prefix} />
    </>
  );
}

function Stream({ name }: { readonly name: string }) {
  return (
    <>
      <StreamRecords stream={name} empty={nothingWritten} />
      <Panel title="Notices" isFlush>
        <NoticeList filter={{ target: `DIS:${name}` }} empty={nothingWritten} />
      </Panel>
    </>
  );
}

/** One bucket or stream: what stands in it, and the notices that wrote it. */
export default function PlacePage({ kind, name }: PlaceProps) {
  const goOn = useGoOn();
  const { title } = placeWords[kind];
  const places = usePlaces(kind);
  if (places.data?.every((place) => place.name !== name) === true)
    return <NoSuch kind={kind.slice(0, -1)} name={name} list={title} href={`/${kind}`} />;
  return (
    <>
      <Trail label={title} href={`/${kind}`} />
      <PageHead title={name} actions={<DeletePlace kind={kind} name={name} onDeleted={() => goOn(`/${kind}`)} />}>
        {placeWords[kind].content}
      </PageHead>
      {kind === 'buckets' ? <Bucket name={name} /> : <Stream name={name} />}
    </>
  );
}
