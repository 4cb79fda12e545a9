import { Button, Group, SegmentedControl, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import { durationText } from '../ui/durations.ts';
import { Panel } from '../ui/panel.tsx';
import { ProblemNotice } from '../ui/problem-notice.tsx';
import { TextLink } from '../ui/text-link.tsx';
import { type RedrivePreview, useRedrive } from './queries.ts';
import { refusalWords } from './refusal-words.ts';
import { firstSelection, type RedriveKind, requestOf, type Selection } from './selection.ts';
import { AmountFields, SelectionFields } from './selection-fields.tsx';

const kinds = [
  { value: 'failed', label: 'Failed invocations' },
  { value: 'undelivered', label: 'Undelivered notices' },
];

function countText({ startable, is_more: isMore, estimated_seconds: seconds }: RedrivePreview): string {
  return `${startable.toLocaleString()}${isMore ? ' and more' : ''} would start, in about ${durationText(seconds)}.`;
}

interface PreviewProps {
  readonly of: RedrivePreview;
  /** Published messages have no record, so the count leaves them out. */
  readonly hasUncounted: boolean;
}

/** Tells what would start: how many, and the first of them. */
function Preview({ of, hasUncounted }: PreviewProps) {
  const ids = of.first_request_ids;
  return (
    <Stack gap={4} role="status" aria-label="Preview">
      <Text size="sm">{of.selected === 0 ? 'Nothing fits.' : countText(of)}</Text>
      {of.refused.length > 0 && <Text size="sm">Left out: {refusalWords(of.refused)}.</Text>}
      {hasUncounted && (
        <Text size="sm">Undelivered messages of topics have no record. They are not counted, and would start, too.</Text>
      )}
      {ids.length > 0 && (
        <Text size="sm" component="div" className="in-text" style={{ overflowWrap: 'anywhere' }}>
          {ids.length < of.startable ? 'The first: ' : ''}
          {ids.map((id, at) => (
            <span key={`${id} ${at}`}>
              {at > 0 && ', '}
              <TextLink href={`/invocations?by=request_id&text=${id}&hours=168`}>
                <span className="code">{id}</span>
              </TextLink>
            </span>
          ))}
        </Text>
      )}
    </Stack>
  );
}

/** Selects failed invocations or undelivered notices, counts them, and starts them again. */
export function StartRedrive({ initial }: { readonly initial: Partial<Selection> }) {
  const [selection, setSelection] = useState<Selection>({ ...firstSelection, ...initial });
  const preview = useRedrive<RedrivePreview>(true);
  const start = useRedrive<{ readonly id: string }>(false);
  // A count holds for the selection that was counted only.
  const change = (part: Partial<Selection>) => {
    preview.reset();
    start.reset();
    setSelection((before) => ({ ...before, ...part }));
  };
  const hasUncounted = selection.of === 'undelivered' && selection.function === '';
  const isNothing = preview.data?.startable === 0 && !preview.data.is_more && !hasUncounted;
  return (
    <Panel title="Start again">
      <Stack gap="md">
        <SegmentedControl
          aria-label="What to start again"
          data={kinds}
          value={selection.of}
          onChange={(of) => change({ of: of as RedriveKind })}
        />
        <SelectionFields of={selection} onChange={change} />
        <AmountFields of={selection} onChange={change} />
        <Group>
          <Button variant="default" loading={preview.isPending} onClick={() => preview.mutate(requestOf(selection))}>
            Count first
          </Button>
          {preview.data !== undefined && !isNothing && start.data === undefined && (
            <Button loading={start.isPending} onClick={() => start.mutate(requestOf(selection))}>
              Start them again
            </Button>
          )}
          {start.data !== undefined && (
            <Text size="sm" role="status">
              Started. The list below shows how far it is.
            </Text>
          )}
        </Group>
        {preview.data !== undefined && <Preview of={preview.data} hasUncounted={hasUncounted} />}
        {[preview.error, start.error].map((error) => error !== null && <ProblemNotice key={error.message} error={error} />)}
      </Stack>
    </Panel>
  );
}
