import type { ComponentType } from 'react';
import { Redirect, Route, Switch, useLocation } from 'wouter';
import { ExpiredLogin, LoginPage } from './session/login-page.tsx';
import { useSession } from './session/session-context.tsx';
import { FaultBoundary } from './shell/fault-boundary.tsx';
import { NoPage } from './shell/no-page.tsx';
import { ServerWatch } from './shell/server-watch.tsx';
import { Shell } from './shell/shell.tsx';
import { LoadedPart, type PartSource, useLoadAhead } from './ui/loaded-part.tsx';

const noSources: readonly PartSource<unknown>[] = [];
const sources: PartSource<unknown>[] = [];

/** A page whose code is loaded when it is first shown, or ahead of that. */
function page<Props extends object>(name: string, load: () => Promise<{ readonly default: ComponentType<Props> }>) {
  const source = { name, load };
  sources.push(source);
  return (props: Props) => <LoadedPart of={source} props={props} heading="This page could not be loaded" />;
}

const OverviewPage = page('overview', async () => import('./overview/overview-page.tsx'));
const LedgerPage = page('ledger', async () => import('./ledger/ledger-page.tsx'));

const FunctionsPage = page('functions', async () => import('./functions/functions-page.tsx'));
const FunctionPage = page('function', async () => import('./functions/function-page.tsx'));

const InvocationsPage = page('invocations', async () => import('./invocations/invocations-page.tsx'));
const InvocationPage = page('invocation', async () => import('./invocations/invocation-page.tsx'));

const NoticesPage = page('notices', async () => import('./notices/notices-page.tsx'));
const TargetsPage = page('targets', async () => import('./targets/targets-page.tsx'));
const TopicsPage = page('topics', async () => import('./topics/topics-page.tsx'));
const TopicPage = page('topic', async () => import('./topics/topic-page.tsx'));
const PlacesPage = page('places', async () => import('./places/places-page.tsx'));
const PlacePage = page('place', async () => import('./places/place-page.tsx'));
const DelaysPage = page('delays', async () => import('./delays/delays-page.tsx'));
const SimulatorPage = page('simulator', async () => import('./simulator/simulator-page.tsx'));
const KeysPage = page('keys', async () => import('./keys/keys-page.tsx'));
const RedrivesPage = page('redrives', async () => import('./redrives/redrives-page.tsx'));
const RedrivePage = page('redrive', async () => import('./redrives/redrive-page.tsx'));
const AuditPage = page('audit', async () => import('./audit/audit-page.tsx'));
const AgenciesPage = page('agencies', async () => import('./agencies/agencies-page.tsx'));

/** A part of the path as text. A part that is no encoded text stands for itself. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** Chooses the page by the path. A viewer who is not logged in gets the login at every path. */
export function App() {
  const { session } = useSession();
  const [path] = useLocation();
  useLoadAhead(session === undefined ? noSources : sources);
  if (session === undefined) return <LoginPage />;
  return (
    <Shell>
      <ServerWatch />
      <FaultBoundary path={path}>
        <Switch>
          <Route path="/">
            <Redirect to="/overview" replace />
          </Route>
          <Route path="/overview" component={OverviewPage} />
          <Route path="/ledger" component={LedgerPage} />
          <Route path="/functions" component={FunctionsPage} />
          <Route path="/functions/:urn/:tab?">
            {({ urn, tab }) => <FunctionPage key={urn} urn={decoded(urn)} tab={tab ?? 'code'} />}
          </Route>
          <Route path="/invocations" component={InvocationsPage} />
          <Route path="/invocations/:urn/:requestId">
            {({ urn, requestId }) => <InvocationPage key={requestId} urn={decoded(urn)} requestId={decoded(requestId)} />}
          </Route>
          <Route path="/notices" component={NoticesPage} />
          <Route path="/targets" component={TargetsPage} />
          <Route path="/topics" component={TopicsPage} />
          <Route path="/topics/:urn">{({ urn }) => <TopicPage key={urn} urn={decoded(urn)} />}</Route>
          {(['buckets', 'streams'] as const).map((kind) => (
            <Route key={kind} path={`/${kind}`}>
              <PlacesPage key={kind} kind={kind} />
            </Route>
          ))}
          {(['buckets', 'streams'] as const).map((kind) => (
            <Route key={`one of ${kind}`} path={`/${kind}/:name`}>
              {({ name }) => <PlacePage key={name} kind={kind} name={decoded(name ?? '')} />}
            </Route>
          ))}
          <Route path="/delays" component={DelaysPage} />
          <Route path="/simulator" component={SimulatorPage} />
          <Route path="/keys" component={KeysPage} />
          <Route path="/agencies" component={AgenciesPage} />
          <Route path="/redrives" component={RedrivesPage} />
          <Route path="/redrives/:id">{({ id }) => <RedrivePage key={id} id={decoded(id)} />}</Route>
          <Route path="/audit" component={AuditPage} />
          <Route>
            <NoPage />
          </Route>
        </Switch>
      </FaultBoundary>
      <ExpiredLogin />
    </Shell>
  );
}
