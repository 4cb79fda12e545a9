import { Text } from '@mantine/core';
import { Facts } from '../ui/facts.tsx';
import { Panel } from '../ui/panel.tsx';
import type { Rejected } from './queries.ts';
import { RejectList } from './reject-list.tsx';

/** Refused records, counted by reason and listed. Nothing is shown if no record was refused. */
export function RejectedPanel({ all, ofNoFunction }: { readonly all: Rejected; readonly ofNoFunction?: Rejected | undefined }) {
  if (all.total === 0) return null;
  return (
    <>
      <Panel title="Rejected records, by reason">
        <Facts of={Object.entries(all.reasons).map(([name, count]) => [name, count.toLocaleString()])} />
        {ofNoFunction !== undefined && ofNoFunction.total > 0 && (
          <Text size="sm">{ofNoFunction.total.toLocaleString()} of these name no function that exists.</Text>
        )}
      </Panel>
      <Panel title="Rejected records" isFlush>
        <RejectList />
      </Panel>
    </>
  );
}
