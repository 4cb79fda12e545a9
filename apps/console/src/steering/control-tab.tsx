import { Button, Group, Stack, Text } from '@mantine/core';
import { Instant } from '../ui/instant.tsx';
import { Panel } from '../ui/panel.tsx';
import { ProblemNotice } from '../ui/problem-notice.tsx';
import { QueryView } from '../ui/query-view.tsx';
import { Purge } from './purge.tsx';
import { type Part, type PartState, useSteer, useSteering } from './queries.ts';

const parts = [
  ['intake', 'Intake', 'While it is paused, new calls are refused with 409. Invocations that wait already still run.'],
  ['execution', 'Execution', 'While it is paused, new invocations are accepted and wait. Their validity period goes on.'],
] as const;

interface PartControlProps {
  readonly urn: string;
  readonly part: Part;
  readonly label: string;
  readonly meaning: string;
  readonly state: PartState;
}

function PartControl({ urn, part, label, meaning, state }: PartControlProps) {
  const steer = useSteer(urn);
  const { paused, since, by } = state;
  return (
    <Panel title={label}>
      <Stack gap="sm">
        <Group justify="space-between">
          <Text size="sm" component="div">
            <span className={`state state-${paused ? 'bad' : 'good'}`}>{paused ? 'Paused' : 'Not paused'}</span>
            {paused && (
              <>
                {' '}
                since <Instant at={since} />
                {by !== undefined && `, by ${by}`}
              </>
            )}
          </Text>
          <Button variant="default" loading={steer.isPending} onClick={() => steer.mutate({ part, isPaused: !paused })}>
            {paused ? 'Resume' : 'Pause'} {label.toLowerCase()}
          </Button>
        </Group>
        <Text size="sm" c="dimmed">
          {meaning}
        </Text>
        {steer.error !== null && <ProblemNotice error={steer.error} />}
      </Stack>
    </Panel>
  );
}

/** Pauses, resumes and purges a function, in all its versions. */
export function ControlTab({ urn }: { readonly urn: string }) {
  const query = useSteering(urn);
  return (
    <>
      <QueryView query={query}>
        {(steering) =>
          parts.map(([part, label, meaning]) => (
            <PartControl key={part} urn={urn} part={part} label={label} meaning={meaning} state={steering[part]} />
          ))
        }
      </QueryView>
      <Purge urn={urn} />
    </>
  );
}
