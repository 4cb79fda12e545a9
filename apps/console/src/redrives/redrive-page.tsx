import { Facts } from '../ui/facts.tsx';
import { Instant } from '../ui/instant.tsx';
import { isMissing, NoSuch } from '../ui/no-such.tsx';
import { PageHead } from '../ui/page-head.tsx';
import { Panel } from '../ui/panel.tsx';
import { QueryView } from '../ui/query-view.tsx';
import { Trail } from '../ui/trail.tsx';
import { useRedriveOf } from './queries.ts';
import { RedriveAct, redriveColours, RedriveCounts, RedriveSelection } from './redrive-parts.tsx';

/** One redrive: what it starts, how far it is, and the act that ends or resumes it. */
export default function RedrivePage({ id }: { readonly id: string }) {
  const query = useRedriveOf(id);
  if (query.data === undefined && isMissing(query.error))
    return <NoSuch kind="redrive" name={id} list="Redrives" href="/redrives" />;
  return (
    <>
      <Trail label="Redrives" href="/redrives" />
      <PageHead title="Redrive" actions={query.data !== undefined && <RedriveAct of={query.data} />}>
        <span className="code">{id}</span>
      </PageHead>
      <QueryView query={query}>
        {(redrive) => (
          <>
            <Panel title="Progress">
              <RedriveCounts of={redrive} />
            </Panel>
            <Panel title="Order">
              <Facts
                of={[
                  ['State', <span className={`state state-${redriveColours[redrive.state] ?? 'waiting'}`}>{redrive.state}</span>],
                  ...(redrive.reason === undefined ? [] : [['Reason', redrive.reason] as const]),
                  ['Selection', <RedriveSelection of={redrive} />],
                  ['At most', redrive.limit.toLocaleString()],
                  ['Started', <Instant at={redrive.created_time} />],
                  ['By', <span className="code">{redrive.created_by}</span>],
                ]}
              />
            </Panel>
          </>
        )}
      </QueryView>
    </>
  );
}
