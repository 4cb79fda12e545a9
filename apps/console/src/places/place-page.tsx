import { Table, Text } from '@mantine/core';
import { useLocation, useSearchParams } from 'wouter';
import { NoticeList } from '../notices/notice-list.tsx';
import { countText, type Target, useTargetsOfPlace } from '../targets/queries.ts';
import { DataTable } from '../ui/data-table.tsx';
import { EmptyState } from '../ui/empty-state.tsx';
import { Instant } from '../ui/instant.tsx';
import { PageHead } from '../ui/page-head.tsx';
import { Panel } from '../ui/panel.tsx';
import { QueryView } from '../ui/query-view.tsx';
import { TextLink } from '../ui/text-link.tsx';
import { Trail } from '../ui/trail.tsx';
import { DeletePlace } from './delete-place.tsx';
import { placeWords } from './place-kinds.ts';
import { type PlaceKind, usePlaces } from './queries.ts';

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

function Folders({ of, chosen }: { readonly of: readonly Target[]; readonly chosen: string }) {
  return (
    <Panel title="Folders" isFlush>
      <DataTable label="Folders" headings={['Folder', 'Pending', 'Undelivered', 'Last object']} minWidth={560}>
        {of.map(({ target, pending, undelivered, last_success_time: written }) => (
          <Table.Tr key={target} aria-current={target === chosen ? 'true' : undefined}>
            <Table.Td className="code">
              <TextLink href={`?folder=${encodeURIComponent(target)}`}>{target.slice(target.indexOf('/')) || '/'}</TextLink>
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

function Bucket({ name }: { readonly name: string }) {
  const query = useTargetsOfPlace('buckets', name);
  const [search] = useSearchParams();
  return (
    <QueryView query={query}>
      {(targets) => {
        const [first] = targets;
        if (first === undefined) return <Panel>{nothingWritten}</Panel>;
        const chosen = search.get('folder') ?? first.target;
        return (
          <>
            {targets.length > 1 && <Folders of={targets} chosen={chosen} />}
            <Panel title={`Objects in ${chosen.slice('OBS:'.length)}`} isFlush>
              <NoticeList key={chosen} filter={{ target: chosen }} empty={nothingWritten} />
            </Panel>
          </>
        );
      }}
    </QueryView>
  );
}

function Stream({ name }: { readonly name: string }) {
  const { data: streams } = usePlaces('streams');
  const topic = streams?.find((stream) => stream.name === name)?.topic;
  return (
    <Panel title="Records" isFlush>
      {topic !== undefined && (
        <Text size="sm" px="lg" pb="sm">
          They stand on the Kafka topic <span className="code">{topic}</span>.
        </Text>
      )}
      <NoticeList filter={{ target: `DIS:${name}` }} empty={nothingWritten} />
    </Panel>
  );
}

/** One bucket or stream, with what notices wrote to it by the records of the invocations. */
export default function PlacePage({ kind, name }: PlaceProps) {
  const [, navigate] = useLocation();
  const { title } = placeWords[kind];
  return (
    <>
      <Trail label={title} href={`/${kind}`} />
      <PageHead title={name} actions={<DeletePlace kind={kind} name={name} onDeleted={() => navigate(`/${kind}`)} />}>
        What notices wrote here, as the records of the invocations tell. Contents stand in the{' '}
        {kind === 'buckets' ? 'object store' : 'Kafka topic'} itself: read them with a client of it.
      </PageHead>
      {kind === 'buckets' ? <Bucket name={name} /> : <Stream name={name} />}
    </>
  );
}
