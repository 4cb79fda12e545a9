import { Switch, Table, Text } from '@mantine/core';
import { useState } from 'react';
import { ConfirmButton } from '../ui/confirm-button.tsx';
import { DataTable } from '../ui/data-table.tsx';
import { EmptyState } from '../ui/empty-state.tsx';
import { Instant } from '../ui/instant.tsx';
import { MoreButton } from '../ui/more-button.tsx';
import { PageHead } from '../ui/page-head.tsx';
import { Panel } from '../ui/panel.tsx';
import { QueryView } from '../ui/query-view.tsx';
import { TextLink } from '../ui/text-link.tsx';
import { countText, isOver, type Target, useEnableTarget, useTargets } from './queries.ts';
import { TestTarget } from './test-target.tsx';

/** The state of a target, as a word beside a dot. */
function StateMark({ of }: { readonly of: Target }) {
  const { switched_off: isOff, circuit, last_success_time: success = '', last_error_time: error = '' } = of;
  if (of.removed === true) return <span className="state state-off">Removed</span>;
  if (isOff === true) return <span className="state state-bad">Switched off</span>;
  if (circuit === 'open') return <span className="state state-bad">Paused</span>;
  if (circuit === 'half-open') return <span className="state state-waiting">Probed</span>;
  if (error > success) return <span className="state state-bad">Fails</span>;
  return <span className="state state-good">Works</span>;
}

/** Why notices to the target wait, and the act that ends it. */
function Waits({ of }: { readonly of: Target }) {
  const enable = useEnableTarget(of.target);
  if (of.switched_off === true)
    return (
      <ConfirmButton
        size="xs"
        mt={4}
        label="Enable"
        title="Switch the target on again?"
        question="New notices go to it. Those that ended as undelivered meanwhile are not sent by this."
        onConfirm={enable}
      />
    );
  if (of.circuit !== 'open' || of.open_until === undefined) return null;
  return (
    <Text size="xs" c="dimmed" component="div">
      next try <Instant at={of.open_until} />
    </Text>
  );
}

function Count({ of, state, target }: { readonly of: number; readonly state: string; readonly target: string }) {
  if (of === 0) return <>0</>;
  return <TextLink href={`/notices?state=${state}&target=${encodeURIComponent(target)}`}>{countText(of)}</TextLink>;
}

function TargetRow({ of }: { readonly of: Target }) {
  return (
    <Table.Tr>
      <Table.Td>
        <StateMark of={of} />
        {of.removed !== true && (
          <>
            <Waits of={of} />
            <TestTarget target={of.target} />
          </>
        )}
      </Table.Td>
      <Table.Td className="code">
        <TextLink href={`/notices?target=${encodeURIComponent(of.target)}`}>{of.target}</TextLink>
      </Table.Td>
      <Table.Td>
        <Count of={of.pending} state="pending" target={of.target} />
      </Table.Td>
      <Table.Td>
        <Count of={of.undelivered} state="undelivered" target={of.target} />
      </Table.Td>
      <Table.Td style={{ whiteSpace: 'nowrap' }}>
        <Instant at={of.last_success_time} />
      </Table.Td>
      <Table.Td>
        {of.last_error === undefined ? (
          '–'
        ) : (
          <>
            <span className="code">{of.last_error}</span>
            <Text size="xs" c="dimmed" component="div">
              <Instant at={of.last_error_time} />
              {of.failures !== undefined && of.failures > 1 && ` · ${of.failures} failures since the last success`}
            </Text>
          </>
        )}
      </Table.Td>
    </Table.Tr>
  );
}

/** The targets of notices, with their open notices, last success and last error. */
export default function TargetsPage() {
  const query = useTargets();
  const [isAll, setAll] = useState(false);
  return (
    <>
      <PageHead title="Targets">Each place that notices went to, and how it goes there.</PageHead>
      <Panel isFlush>
        <QueryView query={query}>
          {({ pages }) => {
            const known = pages.flatMap((page) => page.targets);
            const over = known.filter(isOver).length;
            const targets = isAll ? known : known.filter((target) => !isOver(target));
            const choice = over > 0 && (
              <Switch
                m="md"
                label={`Show ${over.toLocaleString()} removed without open notices`}
                checked={isAll}
                onChange={(event) => setAll(event.currentTarget.checked)}
              />
            );
            if (known.length === 0)
              return (
                <EmptyState title="No notice was sent yet">
                  Open a <TextLink href="/functions">function</TextLink>, set a target in its tab “Async Notification”, and call
                  it asynchronously.
                </EmptyState>
              );
            return (
              <>
                {choice}
                <DataTable
                  label="Targets"
                  headings={['State', 'Target', 'Pending', 'Undelivered', 'Last success', 'Last error']}
                  minWidth={880}
                >
                  {targets.map((target) => (
                    <TargetRow key={target.target} of={target} />
                  ))}
                </DataTable>
                <MoreButton label="Show more targets" of={query} />
              </>
            );
          }}
        </QueryView>
      </Panel>
    </>
  );
}
