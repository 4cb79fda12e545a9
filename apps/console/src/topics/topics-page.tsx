import { Button, Table } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { DataTable } from '../ui/data-table.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { EmptyState } from '../ui/empty-state.tsx';
import { Instant } from '../ui/instant.tsx';
import { PageHead } from '../ui/page-head.tsx';
import { Panel } from '../ui/panel.tsx';
import { QueryView } from '../ui/query-view.tsx';
import { TextLink } from '../ui/text-link.tsx';
import { CreateTopic } from './create-topic.tsx';
import { DeleteTopic } from './delete-topic.tsx';
import { useTopics } from './queries.ts';

/** The list of pub/sub topics. */
export default function TopicsPage() {
  const query = useTopics();
  const [isOpen, { open, close }] = useDisclosure();
  const create = <Button onClick={open}>Create topic</Button>;
  return (
    <>
      <PageHead title="Topics" actions={create}>
        A topic passes each message on to all its subscribers: functions and webhooks.
      </PageHead>
      <Panel isFlush>
        <QueryView query={query}>
          {(topics) =>
            topics.length === 0 ? (
              <EmptyState title="No topic yet" action={create}>
                Create one, subscribe a function or a webhook, then name the topic as a target of a function.
              </EmptyState>
            ) : (
              <DataTable label="Topics" headings={['Name', 'Display name', 'Created', 'Acts']} minWidth={560}>
                {topics.map(({ topic_urn: urn = '', name = '', display_name: displayName, create_time: created }) => (
                  <Table.Tr key={urn}>
                    <Table.Td fw={600}>
                      <TextLink href={`/topics/${encodeURIComponent(urn)}`}>{name}</TextLink>
                    </Table.Td>
                    <Table.Td>{displayName}</Table.Td>
                    <Table.Td>
                      <Instant at={created} />
                    </Table.Td>
                    <Table.Td>
                      <DeleteTopic urn={urn} name={name} />
                    </Table.Td>
                  </Table.Tr>
                ))}
              </DataTable>
            )
          }
        </QueryView>
      </Panel>
      <Dialog opened={isOpen} onClose={close} title="Create topic">
        <CreateTopic onClose={close} />
      </Dialog>
    </>
  );
}
