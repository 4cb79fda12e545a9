import { Alert, Button, Group, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import { Dialog } from '../ui/dialog.tsx';
import { ProblemNotice } from '../ui/problem-notice.tsx';
import { type TestOutcome, useTestTarget } from './queries.ts';

const outcomeWords: Readonly<Record<TestOutcome['outcome'], string>> = {
  delivered: 'The target took the test notice.',
  deferred: 'The target did not take it now. A later try may succeed.',
  refused: 'The target cannot take it as it is.',
  unknown: 'No notifier told in time how it went.',
};

function Outcome({ of }: { readonly of: TestOutcome }) {
  const { outcome, took_ms: tookMs, location, reason, id } = of;
  const facts = [tookMs === undefined ? '' : `${tookMs.toLocaleString()} ms`, location ?? '', reason ?? ''].filter(Boolean);
  return (
    <Alert color={outcome === 'delivered' ? 'green' : 'red'} role="status" title={outcomeWords[outcome]}>
      <Text size="sm" className="code" style={{ overflowWrap: 'anywhere' }}>
        {facts.join(' · ')}
      </Text>
      <Text size="xs" mt={4} className="code">
        notice {id}
      </Text>
    </Alert>
  );
}

/** Sends a test notice to a target, after a question, and shows how it went. */
export function TestTarget({ target }: { readonly target: string }) {
  const [isOpen, setOpen] = useState(false);
  const test = useTestTarget(target);
  const open = () => {
    test.reset();
    setOpen(true);
  };
  return (
    <>
      <Button size="xs" variant="default" mt={4} display="block" aria-label={`Send a test notice to ${target}`} onClick={open}>
        Test
      </Button>
      <Dialog opened={isOpen} onClose={() => setOpen(false)} title="Send a test notice?">
        <Stack gap="md">
          <Text size="sm">
            One notice goes to <span className="code">{target}</span>, also if the target is paused or switched off. A function
            that is the target is invoked. An object is deleted after a day.
          </Text>
          {test.data !== undefined && <Outcome of={test.data} />}
          {test.error !== null && <ProblemNotice error={test.error} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={() => setOpen(false)}>
              Close
            </Button>
            <Button loading={test.isPending} onClick={() => test.mutate()}>
              {test.data === undefined ? 'Send' : 'Send another'}
            </Button>
          </Group>
        </Stack>
      </Dialog>
    </>
  );
}
