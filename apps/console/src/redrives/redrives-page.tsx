import { Progress, Table, Text } from '@mantine/core';
import { useSearchParams } from 'wouter';
import { bareNameOfUrn } from '../functions/function-name.ts';
import { ConfirmButton } from '../ui/confirm-button.tsx';
import { DataTable } from '../ui/data-table.tsx';
import { EmptyState } from '../ui/empty-state.tsx';
import { Instant } from '../ui/instant.tsx';
import { PageHead } from '../ui/page-head.tsx';
import { Panel } from '../ui/panel.tsx';
import { QueryView } from '../ui/query-view.tsx';
import { TextLink } from '../ui/text-link.tsx';
import { type Redrive, useOrder, useRedrives } from './queries.ts';
import { refusalWords } from './refusal-words.ts';
import type { Selection } from './selection.ts';
import { StartRedrive } from './start-redrive.tsx';

/** Functions and texts of a selection that a row shows. */
const wordsShown = 4;

const colours: Readonly<Record<string, string>> = {
  ended: 'good',
  running: 'waiting',
  waiting: 'waiting',
  stopped: 'bad',
  canceled: 'bad',
};

function Act({ of: { id, state } }: { readonly of: Redrive }) {
  const order = useOrder(id);
  if (state === 'running' || state === 'waiting')
    return (
      <ConfirmButton
        size="xs"
        label="Cancel"
        title="Cancel the redrive?"
        question="It starts nothing more. What it has started goes on."
        onConfirm={async () => order('cancel')}
      />
    );
  if (state !== 'stopped' && state !== 'canceled') return null;
  return (
    <ConfirmButton
      size="xs"
      label="Resume"
      title="Resume the redrive?"
      question="It goes on where it was. Earlier failures do not stop it again."
      onConfirm={async () => order('resume')}
    />
  );
}

/** Instants before this one are no begin: the API shows 1970 for a selection without one. */
const firstBegin = '1971';

function Selected({ of }: { readonly of: Redrive }) {
  const words = [...(of.functions ?? []).map(bareNameOfUrn), of.condition, of.error_text, of.target];
  const told = [...new Set(words.filter(Boolean))];
  const shown = told.slice(0, wordsShown);
  return (
    <>
      {of.of === 'failed' ? 'Failed invocations' : 'Undelivered notices'}
      <Text size="xs" c="dimmed" className="code">
        {told.length === 0 ? 'all' : [...shown, ...(told.length > shown.length ? ['…'] : [])].join(' · ')}
      </Text>
      <Text size="xs" c="dimmed">
        {of.begin_time > firstBegin && (
          <>
            from <Instant at={of.begin_time} />{' '}
          </>
        )}
        until <Instant at={of.end_time} />
      </Text>
    </>
  );
}

/** The ends of invocations or notices, each with its word. */
function endsOf({ of, succeeded = 0, failed = 0, delivered = 0, undelivered = 0 }: Redrive) {
  return of === 'failed'
    ? { well: succeeded, wellWord: 'succeeded', badly: failed, badlyWord: 'failed' }
    : { well: delivered, wellWord: 'delivered', badly: undelivered, badlyWord: 'undelivered' };
}

function Counts({ of }: { readonly of: Redrive }) {
  const refused = of.refused.reduce((sum, { count }) => sum + count, 0);
  const { well, wellWord, badly, badlyWord } = endsOf(of);
  const ended = well + badly + refused;
  const words = [
    `${of.sent.toLocaleString()} of ${of.selected.toLocaleString()} started`,
    `${well.toLocaleString()} ${wellWord}`,
    ...(badly === 0 ? [] : [`${badly.toLocaleString()} ${badlyWord}`]),
    ...(of.refused.length === 0 ? [] : [`refused: ${refusalWords(of.refused)}`]),
    ...(of.left === undefined || of.left === 0 ? [] : [`${of.left.toLocaleString()} left`]),
  ];
  const all = of.selected + (of.left ?? 0);
  return (
    <>
      <Progress value={all === 0 ? 0 : (ended / all) * 100} aria-label="Ended" mb={4} />
      <Text size="xs">{words.join(', ')}</Text>
    </>
  );
}

function RedriveRow({ of }: { readonly of: Redrive }) {
  return (
    <Table.Tr>
      <Table.Td>
        <span className={`state state-${colours[of.state] ?? 'waiting'}`}>{of.state}</span>
        {of.reason !== undefined && (
          <Text size="xs" c="dimmed">
            {of.reason}
          </Text>
        )}
      </Table.Td>
      <Table.Td>
        <Selected of={of} />
      </Table.Td>
      <Table.Td miw={220}>
        <Counts of={of} />
      </Table.Td>
      <Table.Td style={{ whiteSpace: 'nowrap' }}>
        <Instant at={of.created_time} />
        <Text size="xs" c="dimmed" className="code">
          {of.created_by}
        </Text>
      </Table.Td>
      <Table.Td>
        <Act of={of} />
      </Table.Td>
    </Table.Tr>
  );
}

/** The selection that an address names. */
function selectionIn(address: URLSearchParams): Partial<Selection> {
  const text = (name: string) => address.get(name) ?? '';
  return {
    of: text('of') === 'undelivered' ? 'undelivered' : 'failed',
    function: text('function'),
    status: text('status'),
    errorText: text('error'),
    target: text('target'),
    from: text('from'),
    to: text('to'),
  };
}

/** Starts failed invocations and undelivered notices again, and shows how far that is. */
export default function RedrivesPage() {
  const query = useRedrives();
  const [search] = useSearchParams();
  return (
    <>
      <PageHead title="Redrives">Failed invocations and undelivered notices, started again.</PageHead>
      <StartRedrive key={search.toString()} initial={selectionIn(search)} />
      <Panel title="Redrives" isFlush>
        <QueryView query={query}>
          {(redrives) =>
            redrives.length === 0 ? (
              <EmptyState title="Nothing was started again yet">
                Look at the <TextLink href="/invocations?status=FAIL">failed invocations</TextLink>, and mend their cause first.
                Then choose above what to start again, and count it.
              </EmptyState>
            ) : (
              <DataTable label="Redrives" headings={['State', 'Selection', 'Progress', 'Started', 'Act']} minWidth={860}>
                {redrives.map((redrive) => (
                  <RedriveRow key={redrive.id} of={redrive} />
                ))}
              </DataTable>
            )
          }
        </QueryView>
      </Panel>
    </>
  );
}
