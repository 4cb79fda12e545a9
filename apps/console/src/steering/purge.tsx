import { Alert, Button, Checkbox, Group, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import { Panel } from '../ui/panel.tsx';
import { ProblemNotice } from '../ui/problem-notice.tsx';
import { type PurgeCount, usePurge } from './queries.ts';

function words({ waiting, running }: PurgeCount): string {
  return `${waiting.toLocaleString()} waiting, ${running.toLocaleString()} running`;
}

/** Counts the invocations that wait, and cancels them after that. */
export function Purge({ urn }: { readonly urn: string }) {
  const count = usePurge(urn);
  const purge = usePurge(urn);
  const [withRunning, setWithRunning] = useState(false);
  const counted = count.data;
  const isEmpty = counted !== undefined && counted.waiting + (withRunning ? counted.running : 0) === 0;
  return (
    <Panel title="Purge">
      <Stack gap="sm">
        <Text size="sm" c="dimmed">
          Cancels the invocations that wait now, in all versions. Each ends as InvocationCanceled, and its failure target is told.
        </Text>
        <Group>
          <Button
            variant="default"
            loading={count.isPending}
            onClick={() => {
              purge.reset();
              count.mutate({ dry_run: true, include_running: false });
            }}
          >
            Count first
          </Button>
          {counted !== undefined && (
            <Text size="sm" role="status">
              {words(counted)}
            </Text>
          )}
        </Group>
        {counted !== undefined && purge.data === undefined && (
          <Group>
            <Checkbox
              label="End running attempts, too"
              checked={withRunning}
              onChange={(event) => setWithRunning(event.currentTarget.checked)}
            />
            <Button
              color="red"
              disabled={isEmpty}
              loading={purge.isPending}
              onClick={() => purge.mutate({ dry_run: false, include_running: withRunning })}
            >
              Purge them
            </Button>
          </Group>
        )}
        {purge.data !== undefined && (
          <Alert variant="default" role="status" title={`Purged: ${words(purge.data)}`}>
            Those on a delay topic end when their wait is over, so the count falls for a while. Count again to see it.
          </Alert>
        )}
        {[count.error, purge.error].map((error) => error !== null && <ProblemNotice key={error.message} error={error} />)}
      </Stack>
    </Panel>
  );
}
