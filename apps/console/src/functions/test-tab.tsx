import { Anchor, Button, Group, NumberInput, Stack, Text, Textarea, Title } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { Link } from 'wouter';
import { problemOf } from '../api/problem.ts';
import { useApi } from '../session/session-context.tsx';
import { Facts } from '../ui/facts.tsx';
import { Panel } from '../ui/panel.tsx';
import { ProblemNotice } from '../ui/problem-notice.tsx';
import { useDraft } from '../ui/use-draft.ts';
import { textOfBase64 } from './base64.ts';
import { jsonOrText, useAsyncCall } from './calls.ts';

const firstEvent = '{\n  "name": "world"\n}';

/** The end of a synchronous call. */
interface SyncResult {
  readonly isError: boolean;
  readonly answer: string;
  readonly log: string;
  readonly durationMs: number;
  readonly requestId: string;
}

function useSyncCall(urn: string) {
  const api = useApi();
  return useMutation({
    mutationFn: async (event: string): Promise<SyncResult> => {
      const startedAt = performance.now();
      const headers = { 'content-type': 'application/json', 'x-cff-log-type': 'tail' };
      const response = await api.send('POST', `/fgs/functions/${encodeURIComponent(urn)}/invocations`, { body: event, headers });
      const answer = await jsonOrText(response);
      if (!response.ok) throw problemOf(response, answer);
      return {
        isError: response.headers.get('x-is-func-err') === 'true',
        answer: typeof answer === 'string' ? answer : JSON.stringify(answer, null, 2),
        log: textOfBase64(response.headers.get('x-cff-function-log') ?? ''),
        durationMs: performance.now() - startedAt,
        requestId: response.headers.get('x-cff-request-id') ?? '',
      };
    },
  });
}

function SyncResultView({ result }: { readonly result: SyncResult }) {
  return (
    <Panel title={result.isError ? 'The function failed' : 'The function succeeded'}>
      <Stack gap="md">
        <Facts
          of={[
            ['Duration, with the network', `${Math.round(result.durationMs)} ms`],
            ['Request', <span className="code">{result.requestId}</span>],
          ]}
        />
        <Title order={3}>Answer</Title>
        <pre className="block" tabIndex={0} aria-label="Answer">
          {result.answer}
        </pre>
        <Title order={3}>Log</Title>
        <pre className="block" tabIndex={0} aria-label="Log">
          {result.log === '' ? 'The function printed nothing.' : result.log}
        </pre>
      </Stack>
    </Panel>
  );
}

/** Calls the function with an event: at once with its answer, or asynchronously. */
export function TestTab({ urn }: { readonly urn: string }) {
  const draft = useDraft<string>(`event ${urn}`);
  const event = draft.value ?? firstEvent;
  const [delaySeconds, setDelaySeconds] = useState<number | string>(0);
  const sync = useSyncCall(urn);
  const async = useAsyncCall(urn);
  return (
    <>
      <Panel title="Test event">
        <Stack gap="md">
          <Textarea
            className="editor"
            label="Event, a JSON object"
            autosize
            minRows={5}
            maxRows={20}
            spellCheck={false}
            value={event}
            onChange={({ currentTarget: { value } }) => draft.set(value)}
          />
          <Group align="flex-end">
            <Button loading={sync.isPending} onClick={() => sync.mutate(event)}>
              Call and wait
            </Button>
            <Button
              variant="default"
              loading={async.isPending}
              onClick={() => async.mutate({ event, delaySeconds: Number(delaySeconds) })}
            >
              Call asynchronously
            </Button>
            <NumberInput
              label="Delay of an asynchronous call (s)"
              min={0}
              max={86_400}
              w={270}
              value={delaySeconds}
              onChange={setDelaySeconds}
            />
          </Group>
          {sync.error !== null && <ProblemNotice error={sync.error} />}
          {async.error !== null && <ProblemNotice error={async.error} />}
          {async.data !== undefined && (
            <Text size="sm" role="status">
              Accepted.{' '}
              <Anchor component={Link} href={`/invocations/${encodeURIComponent(urn)}/${async.data}`}>
                Follow request {async.data}
              </Anchor>
            </Text>
          )}
        </Stack>
      </Panel>
      {sync.data !== undefined && <SyncResultView result={sync.data} />}
    </>
  );
}
