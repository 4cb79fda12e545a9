import { Anchor, Stack, Table, Text } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { Link } from 'wouter';
import { answerOf } from '../api/client.ts';
import { nowMs } from '../api/now.ts';
import { bareNameOfUrn } from '../functions/function-name.ts';
import { useLive } from '../live/use-live.ts';
import { type InvocationPayload, useInvocationPayload } from '../payload/invocation-payload.ts';
import { PayloadView } from '../payload/payload-view.tsx';
import { StoredPayload } from '../payload/stored-payload.tsx';
import { useApi } from '../session/session-context.tsx';
import { ConfirmButton } from '../ui/confirm-button.tsx';
import { exactText } from '../ui/durations.ts';
import { EmptyState } from '../ui/empty-state.tsx';
import { Facts } from '../ui/facts.tsx';
import { Instant } from '../ui/instant.tsx';
import { isMissing, NoSuch } from '../ui/no-such.tsx';
import { PageHead } from '../ui/page-head.tsx';
import { Panel } from '../ui/panel.tsx';
import { QueryView } from '../ui/query-view.tsx';
import { ScrollX } from '../ui/scroll-x.tsx';
import { Trail } from '../ui/trail.tsx';
import { acceptedAtOf } from './accepted-at.ts';
import { exactTimes } from './exact-times.ts';
import { useExplanation } from './explanation.ts';
import {
  type Delivery,
  type InvocationRecord,
  isOpen,
  isOver,
  roughDuration,
  useInvocation,
  useInvocationLog,
} from './queries.ts';
import { RunAgain } from './run-again.tsx';
import { StatusMark } from './status-mark.tsx';
import { Timeline, Waits } from './timeline.tsx';

const deliveryNames: Readonly<Record<string, string>> = { on_success: 'Success target', on_failure: 'Failure target' };
const deliveryLooks: Readonly<Record<string, string>> = { delivered: 'good', pending: 'waiting', undelivered: 'bad' };

function Deliveries({ of }: { readonly of: readonly Delivery[] }) {
  if (of.length === 0)
    return <Text c="dimmed">Nobody is told of the result. The function’s page “Async Notification” sets a target.</Text>;
  return (
    <ScrollX label="Notifications">
      <Table miw={560}>
        <Table.Thead>
          <Table.Tr>
            {['Target', 'State', 'Tries', 'Place or reason'].map((name) => (
              <Table.Th key={name}>{name}</Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {of.map(({ delivery_id: id, state, tries, reason, location }) => (
            <Table.Tr key={id}>
              <Table.Td>{deliveryNames[id] ?? <span className="code">{id}</span>}</Table.Td>
              <Table.Td>
                <span className={`state state-${deliveryLooks[state] ?? 'off'}`}>{state}</span>
              </Table.Td>
              <Table.Td>{tries}</Table.Td>
              <Table.Td className="code">{[location, reason].filter(Boolean).join(' · ')}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </ScrollX>
  );
}

function Log({ urn, requestId, isLive }: { readonly urn: string; readonly requestId: string; readonly isLive: boolean }) {
  const query = useInvocationLog(urn, requestId, isLive);
  return (
    <QueryView query={query}>
      {({ logs = [] }) =>
        logs.length === 0 ? (
          <Text c="dimmed">The function printed nothing in this invocation.</Text>
        ) : (
          <pre className="block" tabIndex={0} aria-label="Log lines">
            {logs
              .toReversed()
              .map(({ time = '', content }) => `${time.slice(11, 23)}  ${content}`)
              .join('\n')}
          </pre>
        )
      }
    </QueryView>
  );
}

function useCancel(urn: string, requestId: string) {
  const { client, project } = useApi();
  const queries = useQueryClient();
  return async () => {
    const body = { request_id: requestId, type: 'force' as const };
    await answerOf(client.POST('/v2/{project}/fgs/functions/{urn}/cancel', { params: { path: { project, urn } }, body }));
    await Promise.all([
      queries.invalidateQueries({ queryKey: ['invocation', urn, requestId] }),
      queries.invalidateQueries({ queryKey: ['explanation', urn, requestId] }),
    ]);
  };
}

interface KnownPayloadProps {
  readonly urn: string;
  readonly requestId: string;
  readonly payload: InvocationPayload;
}

function KnownPayload({ urn, requestId, payload }: KnownPayloadProps) {
  switch (payload.kind) {
    case 'text':
      return <PayloadView payload={payload.text} />;
    case 'stored':
      return <StoredPayload urn={urn} reference={payload.reference} kind="payload" requestId={requestId} />;
    case 'unknown':
      return <Text c="dimmed">The payload is not known: {payload.reason}</Text>;
    default:
      return payload satisfies never;
  }
}

function RecordView({ urn, record }: { readonly urn: string; readonly record: InvocationRecord }) {
  const explanation = useExplanation(urn, record.request_id, isOver(record));
  const { accepted, ended, seconds } = exactTimes(record, explanation.data?.transitions ?? []);
  const payload = useInvocationPayload(urn, record.request_id);
  return (
    <>
      <Panel title="Result">
        <Facts
          of={[
            ['State', <StatusMark of={record.status} />],
            ['Accepted', <Instant at={accepted} isExact={accepted.endsWith('Z')} />],
            ['Ended', <Instant at={ended} isExact={ended.endsWith('Z')} />],
            ['Duration', seconds === undefined ? roughDuration(record) : exactText(seconds)],
            ['Attempts', record.approximate_invoke_count],
            ...(record.tags === undefined || record.tags.length === 0 ? [] : [['Tags', record.tags.join(', ')] as const]),
            ...(record.next_due_time === undefined ? [] : [['Next attempt', <Instant at={record.next_due_time} />] as const]),
            ...(record.response_payload_ref === undefined
              ? []
              : [
                  [
                    'Stored result',
                    <StoredPayload
                      urn={urn}
                      reference={record.response_payload_ref}
                      kind="result"
                      requestId={record.request_id}
                    />,
                  ] as const,
                ]),
            ['Error', record.error_code === 0 ? record.error_message : `${record.error_message} (${record.error_code})`],
          ]}
        />
      </Panel>
      <Panel title="Waits for">
        <QueryView query={explanation}>
          {(told) => <Waits of={told?.waits ?? []} validUntil={isOpen(record) ? told?.valid_until : undefined} />}
        </QueryView>
      </Panel>
      <Panel title="Timeline">
        <QueryView query={explanation}>{(told) => told !== null && <Timeline of={told} />}</QueryView>
      </Panel>
      <Panel title="Payload">
        <QueryView query={payload}>
          {(known) => <KnownPayload urn={urn} requestId={record.request_id} payload={known} />}
        </QueryView>
      </Panel>
      <Panel title="Notifications">
        <Deliveries of={record.deliveries} />
      </Panel>
      <Panel title="Log, times in UTC">
        <Log urn={urn} requestId={record.request_id} isLive={!isOver(record)} />
      </Panel>
    </>
  );
}

/** The longest time from the acceptance to the record, on a busy machine, in milliseconds. */
const recordMsMax = 30_000;

/** Whether a request was accepted so lately that its record may follow. */
function isOnItsWay(requestId: string): boolean {
  const acceptedAt = acceptedAtOf(requestId);
  return acceptedAt !== undefined && Math.abs(nowMs() - acceptedAt) < recordMsMax;
}

interface InvocationPageProps {
  readonly urn: string;
  readonly requestId: string;
}

/** One invocation: its state, attempts, notifications and log lines. */
export default function InvocationPage({ urn, requestId }: InvocationPageProps) {
  const query = useInvocation(urn, requestId);
  const cancel = useCancel(urn, requestId);
  const queries = useQueryClient();
  useLive({ requestId }, () => {
    for (const name of ['invocation', 'explanation', 'log']) void queries.invalidateQueries({ queryKey: [name, urn, requestId] });
  });
  const list = `/invocations?function=${encodeURIComponent(bareNameOfUrn(urn))}`;
  const isUnknown = query.data === null || (query.data === undefined && isMissing(query.error));
  if (isUnknown && !isOnItsWay(requestId))
    return (
      <NoSuch kind="invocation" name={requestId} list="Invocations" href={list}>
        Records are kept for a week, unless the operator chose another time. The address may have a mistake.
      </NoSuch>
    );
  return (
    <>
      <Trail label="Invocations" href={list} />
      <PageHead
        title="Invocation"
        actions={
          <>
            {query.data != null && isOpen(query.data) && (
              <ConfirmButton
                label="Cancel invocation"
                title="Cancel this invocation?"
                question="It does not run any more. An attempt that runs is ended."
                onConfirm={cancel}
              />
            )}
            <RunAgain urn={urn} requestId={requestId} />
          </>
        }
      >
        <Stack gap={2}>
          <span className="code">{requestId}</span>
          <Anchor component={Link} href={`/functions/${encodeURIComponent(bareNameOfUrn(urn))}`} size="sm">
            {urn}
          </Anchor>
        </Stack>
      </PageHead>
      <QueryView query={query}>
        {(record) =>
          record === null ? (
            <Panel>
              <EmptyState title="Its record is on its way">
                The request was accepted a moment ago. This page looks again by itself.
              </EmptyState>
            </Panel>
          ) : (
            <RecordView urn={urn} record={record} />
          )
        }
      </QueryView>
    </>
  );
}
