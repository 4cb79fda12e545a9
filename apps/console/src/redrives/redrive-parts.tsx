import { Progress, Text } from '@mantine/core';
import { bareNameOfUrn } from '../functions/function-name.ts';
import { ConfirmButton } from '../ui/confirm-button.tsx';
import { Instant } from '../ui/instant.tsx';
import { type Redrive, useOrder } from './queries.ts';
import { refusalWords } from './refusal-words.ts';

/** Functions and texts of a selection that a row shows. */
const wordsShown = 4;

/** Colours of the states of redrives. */
export const redriveColours: Readonly<Record<string, string>> = {
  ended: 'good',
  running: 'waiting',
  waiting: 'waiting',
  stopped: 'bad',
  canceled: 'bad',
};

/** Cancels a redrive that goes on, or resumes one that was stopped. */
export function RedriveAct({ of: { id, state } }: { readonly of: Redrive }) {
  const order = useOrder(id);
  if (state === 'running' || state === 'waiting')
    return (
      <ConfirmButton
        size="xs"
        label="Cancel"
        title="Cancel the redrive?"
        question="It starts nothing more. What it has started goes on."
        onConfirm={async () => order('cancel')}
      />
    );
  if (state !== 'stopped' && state !== 'canceled') return null;
  return (
    <ConfirmButton
      size="xs"
      label="Resume"
      title="Resume the redrive?"
      question="It goes on where it was. Earlier failures do not stop it again."
      onConfirm={async () => order('resume')}
    />
  );
}

/** Instants before this one are no begin: the API shows 1970 for a selection without one. */
const firstBegin = '1971';

/** The selection of a redrive, in words. */
export function RedriveSelection({ of }: { readonly of: Redrive }) {
  const functions = [...(of.functions ?? []).map(bareNameOfUrn), of.made_anew === true && 'also made anew'];
  const words = [...functions, of.condition, of.error_text, of.target];
  const told = [...new Set(words.filter(Boolean))];
  const shown = told.slice(0, wordsShown);
  return (
    <>
      {of.of === 'failed' ? 'Failed invocations' : 'Undelivered notices'}
      <Text size="xs" c="dimmed" className="code">
        {told.length === 0 ? 'all' : [...shown, ...(told.length > shown.length ? ['…'] : [])].join(' · ')}
      </Text>
      <Text size="xs" c="dimmed">
        {of.begin_time > firstBegin && (
          <>
            from <Instant at={of.begin_time} />{' '}
          </>
        )}
        until <Instant at={of.end_time} />
      </Text>
    </>
  );
}

/** The ends of invocations or notices, each with its word. */
function endsOf({ of, succeeded = 0, failed = 0, delivered = 0, undelivered = 0 }: Redrive) {
  return of === 'failed'
    ? { well: succeeded, wellWord: 'succeeded', badly: failed, badlyWord: 'failed' }
    : { well: delivered, wellWord: 'delivered', badly: undelivered, badlyWord: 'undelivered' };
}

/** How far a redrive is. */
export function RedriveCounts({ of }: { readonly of: Redrive }) {
  const refused = of.refused.reduce((sum, { count }) => sum + count, 0);
  const { well, wellWord, badly, badlyWord } = endsOf(of);
  const ended = well + badly + refused;
  const words = [
    `${of.sent.toLocaleString()} of ${of.selected.toLocaleString()} started`,
    `${well.toLocaleString()} ${wellWord}`,
    ...(badly === 0 ? [] : [`${badly.toLocaleString()} ${badlyWord}`]),
    ...(of.refused.length === 0 ? [] : [`refused: ${refusalWords(of.refused)}`]),
    ...(of.left === undefined || of.left === 0 ? [] : [`${of.left.toLocaleString()} left`]),
  ];
  const all = of.selected + (of.left ?? 0);
  return (
    <>
      <Progress value={all === 0 ? 0 : (ended / all) * 100} aria-label="Ended" mb={4} />
      <Text size="xs">{words.join(', ')}</Text>
    </>
  );
}
