import { lazy, Suspense } from 'react';
import { Redirect, Route, Switch } from 'wouter';
import { ExpiredLogin, LoginPage } from './session/login-page.tsx';
import { useSession } from './session/session-context.tsx';
import { Shell } from './shell/shell.tsx';
import { NoPage } from './shell/no-page.tsx';

const OverviewPage = lazy(async () => import('./overview/overview-page.tsx'));
const LedgerPage = lazy(async () => import('./ledger/ledger-page.tsx'));

const FunctionsPage = lazy(async () => import('./functions/functions-page.tsx'));
const FunctionPage = lazy(async () => import('./functions/function-page.tsx'));

const InvocationsPage = lazy(async () => import('./invocations/invocations-page.tsx'));
const InvocationPage = lazy(async () => import('./invocations/invocation-page.tsx'));

const NoticesPage = lazy(async () => import('./notices/notices-page.tsx'));
const TargetsPage = lazy(async () => import('./targets/targets-page.tsx'));
const TopicsPage = lazy(async () => import('./topics/topics-page.tsx'));
const TopicPage = lazy(async () => import('./topics/topic-page.tsx'));
const PlacesPage = lazy(async () => import('./places/places-page.tsx'));
const PlacePage = lazy(async () => import('./places/place-page.tsx'));
const DelaysPage = lazy(async () => import('./delays/delays-page.tsx'));
const SimulatorPage = lazy(async () => import('./simulator/simulator-page.tsx'));
const KeysPage = lazy(async () => import('./keys/keys-page.tsx'));
const RedrivesPage = lazy(async () => import('./redrives/redrives-page.tsx'));
const AuditPage = lazy(async () => import('./audit/audit-page.tsx'));
const AgenciesPage = lazy(async () => import('./agencies/agencies-page.tsx'));

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
  if (session === undefined) return <LoginPage />;
  return (
    <Shell>
      <Suspense>
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
          <Route path="/audit" component={AuditPage} />
          <Route>
            <NoPage />
          </Route>
        </Switch>
      </Suspense>
      <ExpiredLogin />
    </Shell>
  );
}
