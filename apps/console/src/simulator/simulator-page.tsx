import { Button, Checkbox, Group, NumberInput, SimpleGrid, Stack, Text } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { FunctionSelect } from '../functions/function-select.tsx';
import { EmptyState } from '../ui/empty-state.tsx';
import { PageHead } from '../ui/page-head.tsx';
import { Panel } from '../ui/panel.tsx';
import { ProblemNotice } from '../ui/problem-notice.tsx';
import { type SimulationForm, useSimulation } from './queries.ts';
import { SimulationView } from './simulation-view.tsx';

const firstForm: SimulationForm = {
  function: null,
  retries: 3,
  ageSeconds: 3_600,
  waitBaseSeconds: 1,
  waitMaxSeconds: 300,
  failurePercent: 20,
  unavailablePercent: 0,
  isRetryable: true,
  durationSeconds: 0.2,
  arrivalsPerSecond: 5,
  invocations: 1_000,
  outageFromSeconds: '',
  outageToSeconds: '',
};

type NumberField = {
  [Name in keyof SimulationForm]: SimulationForm[Name] extends number | string ? Name : never;
}[keyof SimulationForm];

const policyFields: readonly (readonly [NumberField, string])[] = [
  ['retries', 'Max. retries'],
  ['ageSeconds', 'Validity period (s)'],
  ['waitBaseSeconds', 'First wait (s)'],
  ['waitMaxSeconds', 'Longest wait (s)'],
];
const modelFields: readonly (readonly [NumberField, string])[] = [
  ['failurePercent', 'Attempts that fail (%)'],
  ['unavailablePercent', 'Attempts not possible (%)'],
  ['durationSeconds', 'Duration of an attempt (s)'],
  ['arrivalsPerSecond', 'Invocations per second'],
  ['invocations', 'Invocations in all'],
  ['outageFromSeconds', 'Outage from (s)'],
  ['outageToSeconds', 'Outage to (s)'],
];

interface FieldsProps {
  readonly fields: readonly (readonly [NumberField, string])[];
  readonly form: SimulationForm;
  readonly onChange: (part: Partial<SimulationForm>) => void;
}

function NumberFields({ fields, form, onChange }: FieldsProps) {
  return (
    <SimpleGrid cols={{ base: 1, xs: 2, md: 4 }} spacing="md">
      {fields.map(([name, label]) => (
        <NumberInput key={name} label={label} min={0} value={form[name]} onChange={(value) => onChange({ [name]: value })} />
      ))}
    </SimpleGrid>
  );
}

/** Tries out a policy: the failures that are expected, and what the policy makes of them. */
export default function SimulatorPage() {
  const [form, setForm] = useState(firstForm);
  const simulation = useSimulation();
  const change = (part: Partial<SimulationForm>) => setForm((before) => ({ ...before, ...part }));
  const isObserved = form.function !== null;
  function submit(event: FormEvent) {
    event.preventDefault();
    simulation.mutate(form);
  }
  return (
    <>
      <PageHead title="Simulator">
        Tries out retries and validity by the rules of the services, with random failures. Nothing is invoked or stored.
      </PageHead>
      <Panel title="Policy and failures">
        <form onSubmit={submit}>
          <Stack gap="md">
            <NumberFields fields={policyFields} form={form} onChange={change} />
            <Group align="flex-end">
              <FunctionSelect
                label="Failures as those of a function"
                placeholder="As given below"
                clearLabel="Choose no function"
                value={form.function ?? ''}
                onChange={(name) => change({ function: name === '' ? null : name })}
                w={280}
              />
              {isObserved && (
                <Text size="sm" pb={8}>
                  Its records of the last 7 days are replayed.
                </Text>
              )}
            </Group>
            {!isObserved && (
              <>
                <NumberFields fields={modelFields} form={form} onChange={change} />
                <Checkbox
                  label="Failures may be retried"
                  checked={form.isRetryable}
                  onChange={(event) => change({ isRetryable: event.currentTarget.checked })}
                />
              </>
            )}
            {simulation.error !== null && <ProblemNotice error={simulation.error} />}
            <Group justify="flex-end">
              <Button type="submit" loading={simulation.isPending}>
                Simulate
              </Button>
            </Group>
          </Stack>
        </form>
      </Panel>
      {simulation.data === undefined ? (
        <Panel>
          <EmptyState title="No simulation yet">State a policy and the failures you expect, then press “Simulate”.</EmptyState>
        </Panel>
      ) : (
        <SimulationView of={simulation.data} />
      )}
    </>
  );
}
