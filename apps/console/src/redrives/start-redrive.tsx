import { Button, Group, NumberInput, SegmentedControl, Stack, Text, TextInput } from '@mantine/core';
import { useState } from 'react';
import { FunctionSelect } from '../functions/function-select.tsx';
import { durationText } from '../ui/durations.ts';
import { Panel } from '../ui/panel.tsx';
import { ProblemNotice } from '../ui/problem-notice.tsx';
import { type RedriveKind, type RedrivePreview, type RedriveRequest, useRedrive } from './queries.ts';

const kinds = [
  { value: 'failed', label: 'Failed invocations' },
  { value: 'undelivered', label: 'Undelivered notices' },
];
const [rateMax, canaryMax, percent] = [100, 1_000, 100];

/** The fields of the form. Empty texts limit nothing. */
interface Selection {
  readonly of: RedriveKind;
  readonly function: string;
  readonly text: string;
  readonly rate: number;
  readonly canary: number;
  readonly stopPercent: number;
}

const atFirst: Omit<Selection, 'of' | 'function' | 'text'> = { rate: 10, canary: 0, stopPercent: 50 };

function requestOf({ of, function: name, text, rate, canary, stopPercent }: Selection): RedriveRequest {
  const limits = text === '' ? {} : of === 'failed' ? { error_text: text } : { target: text };
  return { of, ...(name === '' ? {} : { function: name }), ...limits, rate, canary, stop_at: stopPercent / percent };
}

function Amounts({ of, change }: { readonly of: Selection; readonly change: (part: Partial<Selection>) => void }) {
  const field = (name: 'rate' | 'canary' | 'stopPercent', label: string, min: number, max: number) => (
    <NumberInput
      label={label}
      min={min}
      max={max}
      allowDecimal={false}
      value={of[name]}
      onChange={(value) => change({ [name]: Number(value) })}
      w={180}
    />
  );
  return (
    <Group align="flex-end">
      {field('rate', 'Per second', 1, rateMax)}
      {field('canary', 'Start so many first', 0, canaryMax)}
      {field('stopPercent', of.of === 'failed' ? 'Stop at failures, in %' : 'Stop at undelivered, in %', 0, percent)}
    </Group>
  );
}

function previewText({ selected, is_more: isMore, estimated_seconds: seconds }: RedrivePreview): string {
  return `${selected.toLocaleString()}${isMore ? ' and more' : ''} would start, in about ${durationText(seconds)}.`;
}

/** Selects failed invocations or undelivered notices, counts them, and starts them again. */
export function StartRedrive({ initial }: { readonly initial: Pick<Selection, 'of' | 'function' | 'text'> }) {
  const [selection, setSelection] = useState<Selection>({ ...atFirst, ...initial });
  const preview = useRedrive<RedrivePreview>(true);
  const start = useRedrive<{ readonly id: string }>(false);
  // A count holds for the selection that was counted only.
  const change = (part: Partial<Selection>) => {
    preview.reset();
    start.reset();
    setSelection({ ...selection, ...part });
  };
  const isEmpty = preview.data?.selected === 0;
  return (
    <Panel title="Start again">
      <Stack gap="md">
        <SegmentedControl
          aria-label="What to start again"
          data={kinds}
          value={selection.of}
          onChange={(of) => change({ of: of as RedriveKind, text: '' })}
        />
        <Group align="flex-end">
          <FunctionSelect
            clearLabel="Choose all functions"
            value={selection.function}
            onChange={(name) => change({ function: name })}
          />
          <TextInput
            label={selection.of === 'failed' ? 'Error text' : 'Target'}
            value={selection.text}
            onChange={(event) => change({ text: event.currentTarget.value })}
            w={260}
          />
        </Group>
        <Amounts of={selection} change={change} />
        <Group>
          <Button variant="default" loading={preview.isPending} onClick={() => preview.mutate(requestOf(selection))}>
            Count first
          </Button>
          {preview.data !== undefined && (
            <>
              <Text size="sm" role="status">
                {isEmpty ? 'Nothing fits.' : previewText(preview.data)}
              </Text>
              {!isEmpty && start.data === undefined && (
                <Button loading={start.isPending} onClick={() => start.mutate(requestOf(selection))}>
                  Start them again
                </Button>
              )}
            </>
          )}
        </Group>
        {[preview.error, start.error].map((error) => error !== null && <ProblemNotice key={error.message} error={error} />)}
      </Stack>
    </Panel>
  );
}
