import { Button, Table } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { DataTable } from '../ui/data-table.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { EmptyState } from '../ui/empty-state.tsx';
import { PageHead } from '../ui/page-head.tsx';
import { Panel } from '../ui/panel.tsx';
import { QueryView } from '../ui/query-view.tsx';
import { TextLink } from '../ui/text-link.tsx';
import { CreatePlace } from './create-place.tsx';
import { DeletePlace } from './delete-place.tsx';
import { placeWords } from './place-kinds.ts';
import { type Place, type PlaceKind, usePlaces } from './queries.ts';

function PlaceRow({ kind, of: { name, topic } }: { readonly kind: PlaceKind; readonly of: Place }) {
  return (
    <Table.Tr>
      <Table.Td fw={600}>
        <TextLink href={`/${kind}/${encodeURIComponent(name)}`}>{name}</TextLink>
      </Table.Td>
      {kind === 'streams' && <Table.Td className="code">{topic ?? 'its own'}</Table.Td>}
      <Table.Td ta="right">
        <DeletePlace kind={kind} name={name} />
      </Table.Td>
    </Table.Tr>
  );
}

/** The list of buckets, or of streams. */
export default function PlacesPage({ kind }: { readonly kind: PlaceKind }) {
  const words = placeWords[kind];
  const query = usePlaces(kind);
  const [isOpen, { open, close }] = useDisclosure();
  const create = <Button onClick={open}>Create {words.one}</Button>;
  return (
    <>
      <PageHead title={words.title} actions={create}>
        {words.intro}
      </PageHead>
      <Panel isFlush>
        <QueryView query={query}>
          {(places) =>
            places.length === 0 ? (
              <EmptyState title={`No ${words.one} yet`} action={create}>
                {words.start}
              </EmptyState>
            ) : (
              <DataTable
                label={words.title}
                headings={kind === 'streams' ? ['Name', 'Kafka topic', 'Acts'] : ['Name', 'Acts']}
                minWidth={420}
              >
                {places.map((place) => (
                  <PlaceRow key={place.name} kind={kind} of={place} />
                ))}
              </DataTable>
            )
          }
        </QueryView>
      </Panel>
      <Dialog opened={isOpen} onClose={close} title={`Create ${words.one}`}>
        <CreatePlace kind={kind} onClose={close} />
      </Dialog>
    </>
  );
}
