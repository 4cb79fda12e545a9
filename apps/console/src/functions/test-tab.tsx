import { Anchor, Button, Group, Stack, Text, Textarea, Title } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { Link } from 'wouter';
import { problemOf } from '../api/problem.ts';
import { useApi } from '../session/session-context.tsx';
import { exactText } from '../ui/durations.ts';
import { Facts } from '../ui/facts.tsx';
import { Panel } from '../ui/panel.tsx';
import { ProblemNotice } from '../ui/problem-notice.tsx';
import { useDraft } from '../ui/use-draft.ts';
import { textOfBase64 } from './base64.ts';
import { type CallForm, CallFields, firstCall } from './call-fields.tsx';
import { jsonOrText, useAsyncCall } from './calls.ts';
import { eventFault } from './event-fault.ts';

const firstEvent = '{\n  "name": "world"\n}';

/** The end of a synchronous call. */
interface SyncResult {
  /** The version or alias that was called. */
  readonly version: string;
  readonly isError: boolean;
  readonly answer: string;
  readonly log: string;
  readonly durationMs: number;
  readonly requestId: string;
}

function useSyncCall(urn: string, version: string) {
  const api = useApi();
  return useMutation({
    mutationFn: async (event: string): Promise<SyncResult> => {
      const startedAt = performance.now();
      const headers = { 'content-type': 'application/json', 'x-cff-log-type': 'tail' };
      const response = await api.send('POST', `/fgs/functions/${encodeURIComponent(urn)}/invocations`, { body: event, headers });
      const answer = await jsonOrText(response);
      if (!response.ok) throw problemOf(response, answer);
      return {
        version,
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
            ['Version or alias', result.version],
            ['Duration, with the network', exactText(result.durationMs / 1_000)],
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
export function TestTab({ urn, functionUrn }: { readonly urn: string; readonly functionUrn: string }) {
  const draft = useDraft<string>(`event ${urn}`);
  const event = draft.value ?? firstEvent;
  const callDraft = useDraft<CallForm>(`call ${urn}`);
  const form = callDraft.value ?? firstCall;
  const [fault, setFault] = useState<string>();
  // Only a whole URN names a version.
  const called = form.version === 'latest' ? urn : functionUrn.replace(/[^:]*$/, form.version);
  const sync = useSyncCall(called, form.version);
  const async = useAsyncCall(called);
  const { tags, idempotencyKey } = form;
  /** Sends nothing that is no event. */
  const send = (call: () => void) => {
    const found = eventFault(event);
    setFault(found);
    if (found === undefined) call();
  };
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
            error={fault}
            value={event}
            onChange={({ currentTarget: { value } }) => {
              setFault(undefined);
              draft.set(value);
            }}
          />
          <CallFields
            urn={urn}
            of={form}
            onChange={(part) => {
              // An answer belongs to the version that was called.
              async.reset();
              callDraft.set({ ...form, ...part });
            }}
          />
          <Group align="flex-end">
            <Button loading={sync.isPending} onClick={() => send(() => sync.mutate(event))}>
              Call and wait
            </Button>
            <Button
              variant="default"
              loading={async.isPending}
              onClick={() => send(() => async.mutate({ event, delaySeconds: Number(form.delaySeconds), tags, idempotencyKey }))}
            >
              Call asynchronously
            </Button>
          </Group>
          {sync.error !== null && <ProblemNotice error={sync.error} />}
          {async.error !== null && <ProblemNotice error={async.error} />}
          {async.data !== undefined && (
            <Text size="sm" role="status">
              Accepted.{' '}
              <Anchor component={Link} href={`/invocations/${encodeURIComponent(called)}/${async.data}`}>
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
