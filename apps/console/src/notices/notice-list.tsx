import { Table, Text } from '@mantine/core';
import type { ReactNode } from 'react';
import { bareNameOfUrn } from '../functions/function-name.ts';
import { DataTable } from '../ui/data-table.tsx';
import { Instant } from '../ui/instant.tsx';
import { MoreButton } from '../ui/more-button.tsx';
import { QueryView } from '../ui/query-view.tsx';
import { TextLink } from '../ui/text-link.tsx';
import { NoticeMark } from './notice-mark.tsx';
import { type Notice, type NoticeFilter, useNotices } from './queries.ts';

/** The place of a delivered notice, without the server or folder that all places of it share. */
function placeWithin({ target, location = '' }: Notice): string {
  return location.slice(Math.max(0, location.indexOf(target.slice(target.indexOf(':') + 1))));
}

function NoticeRow({ of, isTargetShown }: { readonly of: Notice; readonly isTargetShown: boolean }) {
  const { request_id: requestId, function_urn: urn, reason, location } = of;
  return (
    <Table.Tr>
      <Table.Td>
        <NoticeMark of={of.state} />
      </Table.Td>
      <Table.Td style={{ whiteSpace: 'nowrap' }}>
        <TextLink href={`/invocations/${encodeURIComponent(urn)}/${requestId}`}>{bareNameOfUrn(urn)}</TextLink>
        <Text size="xs" c="dimmed" className="code">
          {requestId}
        </Text>
      </Table.Td>
      <Table.Td className="code">
        {isTargetShown && <div>{of.target}</div>}
        <Text size="xs" c="dimmed" className="code" {...(location === undefined ? {} : { title: location })}>
          {[placeWithin(of), reason].filter(Boolean).join(' · ')}
        </Text>
      </Table.Td>
      <Table.Td>
        <Instant at={of.reported_time} />
        {of.next_due_time !== undefined && (
          <Text size="xs" c="dimmed" component="div">
            next try <Instant at={of.next_due_time} />
          </Text>
        )}
      </Table.Td>
      <Table.Td>{of.tries}</Table.Td>
    </Table.Tr>
  );
}

interface NoticeListProps {
  readonly filter: NoticeFilter;
  /** Stands in place of an empty list. */
  readonly empty: ReactNode;
}

/** Notices that fit a filter, with the older ones on demand. */
export function NoticeList({ filter, empty }: NoticeListProps) {
  const query = useNotices(filter);
  const isTargetShown = (filter.target ?? '') === '';
  return (
    <QueryView query={query}>
      {({ pages }) => {
        const notices = pages.flatMap((page) => page.notices);
        if (notices.length === 0 && !query.hasNextPage) return empty;
        return (
          <>
            <DataTable
              label="Notices"
              headings={['State', 'Invocation', isTargetShown ? 'Target' : 'Place or reason', 'Reported', 'Tries']}
              minWidth={940}
            >
              {notices.map((notice) => (
                <NoticeRow key={`${notice.request_id} ${notice.target}`} of={notice} isTargetShown={isTargetShown} />
              ))}
            </DataTable>
            <MoreButton label="Show older notices" of={query} />
          </>
        );
      }}
    </QueryView>
  );
}
