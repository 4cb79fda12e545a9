import { Tabs } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useLocation } from 'wouter';
import { answerOf } from '../api/client.ts';
import { useApi } from '../session/session-context.tsx';
import { ConfirmButton } from '../ui/confirm-button.tsx';
import { isMissing, NoSuch } from '../ui/no-such.tsx';
import { PageHead } from '../ui/page-head.tsx';
import { ControlTab } from '../steering/control-tab.tsx';
import { StatisticsTab } from '../statistics/statistics-tab.tsx';
import { QueryView } from '../ui/query-view.tsx';
import { Trail } from '../ui/trail.tsx';
import { useGoOn } from '../ui/use-go-on.ts';
import { AliasesTab } from './aliases-tab.tsx';
import { CodeTab } from './code/code-tab.tsx';
import { SettingsTab } from './settings-tab.tsx';
import { NotificationTab } from './notification/notification-tab.tsx';
import { useFunctionConfig } from './queries.ts';
import { TestTab } from './test-tab.tsx';
import { VersionsTab } from './versions-tab.tsx';

const tabs = [
  ['code', 'Code'],
  ['test', 'Test'],
  ['statistics', 'Statistics'],
  ['control', 'Pause and purge'],
  ['settings', 'Settings'],
  ['async-notification', 'Async Notification'],
  ['versions', 'Versions'],
  ['aliases', 'Aliases'],
] as const;

function DeleteFunction({ urn, name }: { readonly urn: string; readonly name: string }) {
  const { client, project } = useApi();
  const queries = useQueryClient();
  const goOn = useGoOn();
  async function remove() {
    await answerOf(client.DELETE('/v2/{project}/fgs/functions/{urn}', { params: { path: { project, urn } } }));
    await queries.invalidateQueries({ queryKey: ['functions'], exact: true });
    goOn('/functions');
  }
  return (
    <ConfirmButton
      label="Delete"
      title={`Delete ${name}?`}
      question="Its code, versions and aliases are gone for good. Records of its invocations stay."
      onConfirm={remove}
    />
  );
}

interface FunctionPageProps {
  /** `package:name`. */
  readonly urn: string;
  readonly tab: string;
}

/** One function, in tabs that have addresses of their own. */
export default function FunctionPage({ urn, tab }: FunctionPageProps) {
  const query = useFunctionConfig(urn);
  const [, navigate] = useLocation();
  const [, name = urn] = urn.split(':');
  // A function that was here stays with what was typed in it, until the viewer leaves.
  if (query.data === undefined && isMissing(query.error))
    return <NoSuch kind="function" name={urn} list="Functions" href="/functions" />;
  return (
    <>
      <Trail label="Functions" href="/functions" />
      <PageHead title={name} actions={<DeleteFunction urn={urn} name={name} />}>
        <span className="code">{query.data?.func_urn ?? urn}</span>
      </PageHead>
      <QueryView query={query}>
        {(config) => (
          <Tabs value={tab} onChange={(next) => navigate(`/functions/${encodeURIComponent(urn)}/${next}`)} keepMounted={false}>
            <Tabs.List mb="lg" aria-label="Parts of the function">
              {tabs.map(([value, label]) => (
                <Tabs.Tab key={value} value={value}>
                  {label}
                </Tabs.Tab>
              ))}
            </Tabs.List>
            <Tabs.Panel value="code">
              <CodeTab urn={urn} handler={config.handler ?? ''} />
            </Tabs.Panel>
            <Tabs.Panel value="test">
              <TestTab urn={urn} functionUrn={config.func_urn ?? ''} />
            </Tabs.Panel>
            <Tabs.Panel value="statistics">
              <StatisticsTab urn={urn} functionUrn={config.func_urn ?? ''} />
            </Tabs.Panel>
            <Tabs.Panel value="control">
              <ControlTab urn={urn} />
            </Tabs.Panel>
            <Tabs.Panel value="settings">
              <SettingsTab urn={urn} config={config} />
            </Tabs.Panel>
            <Tabs.Panel value="async-notification">
              <NotificationTab urn={urn} functionUrn={config.func_urn ?? ''} />
            </Tabs.Panel>
            <Tabs.Panel value="versions">
              <VersionsTab urn={urn} />
            </Tabs.Panel>
            <Tabs.Panel value="aliases">
              <AliasesTab urn={urn} />
            </Tabs.Panel>
          </Tabs>
        )}
      </QueryView>
    </>
  );
}
