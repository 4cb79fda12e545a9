import { Group, Select, TextInput } from '@mantine/core';
import { useSearchParams } from 'wouter';
import { FunctionSelect } from '../functions/function-select.tsx';
import { EmptyState } from '../ui/empty-state.tsx';
import { PageHead } from '../ui/page-head.tsx';
import { Panel } from '../ui/panel.tsx';
import { TextLink } from '../ui/text-link.tsx';
import { NoticeList } from './notice-list.tsx';
import { type NoticeState, noticeStates } from './queries.ts';

const stateNames: Readonly<Record<NoticeState, string>> = {
  pending: 'Pending',
  delivered: 'Delivered',
  undelivered: 'Undelivered',
};

interface EmptyProps {
  readonly state: NoticeState | undefined;
  readonly isFiltered: boolean;
}

function Empty({ state, isFiltered }: EmptyProps) {
  if (state === 'undelivered')
    return <EmptyState title="Nothing is undelivered">Each notice reached its target, or is still on its way.</EmptyState>;
  return (
    <EmptyState title={isFiltered ? 'No notice fits' : 'No notice yet'}>
      A notice tells a target how an invocation ended. Open a <TextLink href="/functions">function</TextLink>, set a target in its
      tab “Async Notification”, and call it asynchronously.
    </EmptyState>
  );
}

/** The notices of all functions, filtered by state, function and target. */
export default function NoticesPage() {
  const [search, setSearch] = useSearchParams();
  const state = noticeStates.find((each) => each === search.get('state'));
  const urn = search.get('function') ?? '';
  const target = search.get('target') ?? '';
  const change = (name: string, value: string | null) =>
    setSearch(
      (before) => {
        const next = new URLSearchParams(before);
        if (value === null || value === '') next.delete(name);
        else next.set(name, value);
        return next;
      },
      { replace: true },
    );
  return (
    <>
      <PageHead title="Notices">What Sendoff told targets about ended invocations, the newest invocation first.</PageHead>
      <Group align="flex-end" mb="lg">
        <Select
          label="State"
          placeholder="All"
          clearable
          clearButtonProps={{ 'aria-label': 'Show all states' }}
          data={noticeStates.map((value) => ({ value, label: stateNames[value] }))}
          value={state ?? null}
          onChange={(next) => change('state', next)}
          w={160}
        />
        <FunctionSelect clearLabel="Show all functions" value={urn} onChange={(name) => change('function', name)} />
        <TextInput
          label="Target"
          placeholder="OBS:results/"
          value={target}
          onChange={(event) => change('target', event.currentTarget.value)}
          w={260}
        />
      </Group>
      <Panel
        isFlush
        actions={
          state === 'undelivered' && (
            <TextLink href={`/redrives?${new URLSearchParams({ of: state, function: urn, target })}`}>
              Start undelivered ones again
            </TextLink>
          )
        }
      >
        <NoticeList
          key={`${state} ${urn} ${target}`}
          filter={{ state, function: urn, target }}
          empty={<Empty state={state} isFiltered={state !== undefined || urn !== '' || target !== ''} />}
        />
      </Panel>
    </>
  );
}
