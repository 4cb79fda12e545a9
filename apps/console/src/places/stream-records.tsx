import { Button, Table, Text } from '@mantine/core';
import type { ReactNode } from 'react';
import { DataTable } from '../ui/data-table.tsx';
import { EmptyState } from '../ui/empty-state.tsx';
import { Instant } from '../ui/instant.tsx';
import { Panel } from '../ui/panel.tsx';
import { QueryView } from '../ui/query-view.tsx';
import { sizeText } from '../ui/sizes.ts';
import { type StreamRecord, useStreamRecords } from './content-queries.ts';

function RecordRow({ of }: { readonly of: StreamRecord }) {
  const { partition, offset, time, key, value, value_bytes: bytes } = of;
  return (
    <Table.Tr>
      <Table.Td>{partition}</Table.Td>
      <Table.Td>{offset}</Table.Td>
      <Table.Td style={{ whiteSpace: 'nowrap' }}>
        <Instant at={time} />
      </Table.Td>
      {of.is_notice ? (
        <>
          <Table.Td className="code">{key}</Table.Td>
          <Table.Td>
            <pre className="block record-value" tabIndex={0} aria-label={`Value of the record ${partition}/${offset}`}>
              {value}
            </pre>
            <Text size="xs" c="dimmed">
              {sizeText(bytes ?? 0)}
            </Text>
          </Table.Td>
        </>
      ) : (
        <Table.Td colSpan={2} c="dimmed">
          Another program wrote this record.
        </Table.Td>
      )}
    </Table.Tr>
  );
}

/** The newest records of a stream. */
export function StreamRecords({ stream, empty }: { readonly stream: string; readonly empty: ReactNode }) {
  const query = useStreamRecords(stream);
  const refresh = (
    <Button size="xs" variant="default" loading={query.isRefetching} onClick={() => void query.refetch()}>
      Refresh
    </Button>
  );
  return (
    <Panel title="Newest records" actions={refresh} isFlush>
      <QueryView query={query}>
        {({ topic, topic_exists: exists, records }) => (
          <>
            <Text size="sm" px="lg" pb="sm">
              They stand on the Kafka topic <span className="code">{topic}</span>.
            </Text>
            {!exists && (
              <EmptyState title="The topic does not exist yet">
                The first notice makes it. If notices were delivered, let the Kafka account of the ingress read this topic.
              </EmptyState>
            )}
            {exists && records.length === 0 && empty}
            {records.length > 0 && (
              <DataTable label="Newest records" headings={['Partition', 'Offset', 'Time', 'Key', 'Value']} minWidth={940}>
                {records.map((record) => (
                  <RecordRow key={`${record.partition}/${record.offset}`} of={record} />
                ))}
              </DataTable>
            )}
          </>
        )}
      </QueryView>
    </Panel>
  );
}
