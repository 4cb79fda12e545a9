import { Alert, Button, Group, Stack, Title } from '@mantine/core';
import type { ReactNode } from 'react';
import { ConfirmButton } from '../../ui/confirm-button.tsx';
import { EmptyState } from '../../ui/empty-state.tsx';
import { Facts } from '../../ui/facts.tsx';
import { Panel } from '../../ui/panel.tsx';
import { ProblemNotice } from '../../ui/problem-notice.tsx';
import { QueryView } from '../../ui/query-view.tsx';
import { useDraft } from '../../ui/use-draft.ts';
import { PolicyEditor } from './policy-editor.tsx';
import { formOf, type Policy, type PolicyForm, type TargetForm } from './policy-form.ts';
import { useDeletePolicy, useEnableStatusLog, usePolicy, useStatusLog } from './queries.ts';

function targetFacts(target: TargetForm): readonly (readonly [string, ReactNode])[] {
  switch (target.service) {
    case 'none':
      return [['Target Service', 'None']];
    case 'FunctionGraph':
      return [
        ['Target Service', 'FunctionGraph'],
        ['Function Name', target.functionName],
        ['Version/Alias', target.version],
      ];
    case 'OBS':
      return [
        ['Target Service', 'OBS'],
        ['Target Bucket Directory', target.bucket],
        ['Object Prefix Directory', target.prefix],
        ['Object Validity Period (Days)', target.expires === 0 ? '0: the object does not expire' : target.expires],
      ];
    case 'DIS':
      return [
        ['Target Service', 'DIS'],
        ['Target Stream', target.stream],
      ];
    case 'SMN':
      return [
        ['Target Service', 'SMN'],
        ['Topic Name', target.topicUrn.split(':').at(-1)],
      ];
    default:
      return target.service satisfies never;
  }
}

function PolicyView({ policy }: { readonly policy: Policy }) {
  const form = formOf(policy);
  const persistence = form.isStatusLogged ? `On: ${form.logGroup} / ${form.logStream}` : 'Off';
  return (
    <Stack gap="xl">
      <section>
        <Title order={3} mb="sm">
          Asynchronous Execution Notification Policy
        </Title>
        <Facts
          of={[
            ['Max. Retries', form.retries],
            ['Max. Validity Period (s)', form.validitySeconds],
            ['Waits between retries', `${form.waitBaseSeconds} s, doubling, at most ${form.waitMaxSeconds} s`],
            ['Asynchronous Invocation Status Persistence', persistence],
          ]}
        />
      </section>
      <section>
        <Title order={3} mb="sm">
          Success Notification
        </Title>
        <Facts of={targetFacts(form.success)} />
      </section>
      <section>
        <Title order={3} mb="sm">
          Failure Notification
        </Title>
        <Facts of={targetFacts(form.failure)} />
      </section>
    </Stack>
  );
}

/** Offers to enable the status log, in the upper part of the page as the manual has it. */
function EnableStatusLog() {
  const { data: log } = useStatusLog();
  const enabling = useEnableStatusLog();
  if (log !== null) return null;
  return (
    <Alert mb="lg" title="Status persistence is off in this project" variant="default">
      <Stack gap="sm" align="flex-start">
        LTS keeps the status of each asynchronous invocation in a log. Enabling it creates a log group and a log stream.
        {enabling.error !== null && <ProblemNotice error={enabling.error} />}
        <Button size="xs" variant="default" loading={enabling.isPending} onClick={() => enabling.mutate()}>
          Enable LTS
        </Button>
      </Stack>
    </Alert>
  );
}

interface NotificationTabProps {
  readonly urn: string;
  readonly functionUrn: string;
}

/** Configuration > Async Notification, as the manual of FunctionGraph describes it. */
export function NotificationTab({ urn, functionUrn }: NotificationTabProps) {
  const query = usePolicy(urn);
  const draft = useDraft<PolicyForm>(`policy ${urn}`);
  const remove = useDeletePolicy(urn);
  return (
    <>
      <EnableStatusLog />
      <QueryView query={query}>
        {(policy) => {
          const edit = <Button onClick={() => draft.set(formOf(policy))}>Edit</Button>;
          if (draft.value !== undefined)
            return (
              <Panel title="Async Notification">
                <PolicyEditor
                  urn={urn}
                  functionUrn={functionUrn}
                  form={draft.value}
                  onChange={draft.set}
                  onSaved={draft.saved}
                  onCancel={draft.clear}
                />
              </Panel>
            );
          if (policy === null)
            return (
              <Panel>
                <EmptyState title="No asynchronous notification policy" action={edit}>
                  Failed asynchronous invocations are not retried, and nothing is told of their results.
                </EmptyState>
              </Panel>
            );
          return (
            <Panel
              title="Async Notification"
              actions={
                <Group gap="sm">
                  <ConfirmButton
                    label="Delete"
                    title="Delete the policy?"
                    question="Later invocations are not retried, and nothing is told of their results."
                    onConfirm={remove}
                  />
                  {edit}
                </Group>
              }
            >
              <PolicyView policy={policy} />
            </Panel>
          );
        }}
      </QueryView>
    </>
  );
}
