import { useQueryClient } from '@tanstack/react-query';
import { useSearchParams } from 'wouter';
import { shortName, useFunctions } from '../functions/queries.ts';
import { LiveMark } from '../live/live-mark.tsx';
import { useLive } from '../live/use-live.ts';
import { EmptyState } from '../ui/empty-state.tsx';
import { PageHead } from '../ui/page-head.tsx';
import { Panel } from '../ui/panel.tsx';
import { QueryView } from '../ui/query-view.tsx';
import { TextLink } from '../ui/text-link.tsx';
import { type Chosen, chosenTimes, InvocationFilters } from './invocation-filters.tsx';
import { fieldOfInstant, instantOfField, lastHours, type Period } from './period.ts';
import { type Status, statuses } from './queries.ts';
import { RecordTable } from './record-table.tsx';
import { type Search, searchKinds } from './search.ts';
import { SearchResults } from './search-results.tsx';

/** The filters of an address. */
function chosenIn(address: URLSearchParams): Chosen {
  const text = (name: string) => address.get(name) ?? '';
  return {
    function: text('function'),
    version: text('version'),
    status: text('status'),
    hours: address.get('hours') ?? '1',
    from: text('from'),
    to: text('to'),
    by: searchKinds.find(({ value }) => value === address.get('by'))?.value ?? 'request_id',
    text: text('text'),
  };
}

function periodOf({ hours, from, to }: Chosen): Period {
  if (hours !== chosenTimes) return lastHours(Number(hours));
  return { begin: instantOfField(from) ?? lastHours(168).begin, end: instantOfField(to) };
}

/** The list of one function can be counted; a search over several goes on page by page. */
function Found({ of: chosen, latestUrn }: { readonly of: Chosen; readonly latestUrn: string | undefined }) {
  const { version, by, text } = chosen;
  // Only a whole URN names a version.
  const urn = version === '' || latestUrn === undefined ? chosen.function : latestUrn.replace(/[^:]*$/, version);
  const status: Status | undefined = statuses.find((each) => each === chosen.status);
  const { begin, end } = periodOf(chosen);
  if (chosen.function !== '' && text === '') {
    const filter = { urn, status, begin, end };
    return <RecordTable key={JSON.stringify({ ...filter, begin: chosen.hours })} filter={filter} />;
  }
  return <SearchResults of={{ urn, status, begin, end, kind: by, text }} />;
}

/** The page that redrives what the list shows; undefined if the list is not one of failures. */
function redriveHref({ function: name, status, hours, from, to, by, text }: Chosen): string | undefined {
  const isByError = by === 'error_text' && text !== '';
  const isOfFailures = status === 'FAIL' || status === 'DISCARD' || (status === '' && isByError);
  if (!isOfFailures || (text !== '' && !isByError)) return undefined;
  const isChosen = hours === chosenTimes;
  const selection = {
    function: name,
    status,
    error: text,
    from: isChosen ? from : fieldOfInstant(lastHours(Number(hours)).begin),
    to: isChosen ? to : '',
  };
  return `/redrives?${new URLSearchParams(selection)}`;
}

/** Whether a query follows what happens. A search for a text reads too much for that. */
function followsEvents([name, filter, page]: readonly unknown[]): boolean {
  if (name === 'search') return (filter as Search).text === '';
  return name === 'invocations' && page === 0;
}

/** Asynchronous invocations, by function, state and time, or by a search. */
export default function InvocationsPage() {
  const functions = useFunctions();
  const [address, setAddress] = useSearchParams();
  const queries = useQueryClient();
  const live = useLive({}, () => void queries.invalidateQueries({ predicate: ({ queryKey }) => followsEvents(queryKey) }));
  const chosen = chosenIn(address);
  const redrive = redriveHref(chosen);
  const change = (part: Partial<Chosen>) =>
    setAddress(
      (before) => {
        const next = new URLSearchParams(before);
        for (const [name, value] of Object.entries(part)) next.set(name, value);
        return next;
      },
      { replace: true },
    );
  return (
    <>
      <PageHead title="Invocations" actions={<LiveMark of={live} />}>
        Asynchronous invocations, newest first. The list follows what happens.
      </PageHead>
      <InvocationFilters of={chosen} onChange={change} />
      <Panel isFlush actions={redrive !== undefined && <TextLink href={redrive}>Start failed ones again</TextLink>}>
        <QueryView query={functions}>
          {(all) =>
            all.length === 0 ? (
              <EmptyState title="No function yet">
                <TextLink href="/functions">Create a function</TextLink> first; its invocations stand here.
              </EmptyState>
            ) : (
              <Found of={chosen} latestUrn={all.find((one) => shortName(one) === chosen.function)?.func_urn} />
            )
          }
        </QueryView>
      </Panel>
    </>
  );
}
