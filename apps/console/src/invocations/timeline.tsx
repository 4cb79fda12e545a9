import { Alert, Stack, Text, Timeline as Line } from '@mantine/core';
import { Instant } from '../ui/instant.tsx';
import type { ExplainedTransition, Explanation, Wait } from './explanation.ts';

/** Tells in words what an invocation waits for now, and what would change it. */
export function Waits({ of, validUntil }: { readonly of: readonly Wait[]; readonly validUntil: string | undefined }) {
  if (of.length === 0) return <Text c="dimmed">It waits for nothing: it has ended, and so have its notices.</Text>;
  return (
    <Stack gap="sm">
      {of.map(({ waits_for: kind, words, change, since, until, unknown_until: unknown }) => (
        <Alert key={`${kind} ${words}`} variant="default" title={words}>
          {change !== undefined && <Text size="sm">{change}</Text>}
          <Text size="sm" c="dimmed">
            {since !== undefined && (
              <>
                Since <Instant at={since} />
              </>
            )}
            {until !== undefined && (
              <>
                {since === undefined ? 'Until' : ', until'} <Instant at={until} />
              </>
            )}
            {unknown !== undefined && `${since === undefined ? 'Its' : '. Its'} end is not known until ${unknown}.`}
          </Text>
        </Alert>
      ))}
      {validUntil !== undefined && (
        <Text size="sm" c="dimmed">
          No attempt starts after <Instant at={validUntil} />.
        </Text>
      )}
    </Stack>
  );
}

function titleOf({ kind, attempt, delivery_id: delivery, condition }: ExplainedTransition): string {
  const word = kind.charAt(0).toUpperCase() + kind.slice(1).replaceAll('-', ' ');
  if (delivery !== undefined) return `${word}: ${delivery}`;
  if (kind === 'settled') return `${word}: ${condition || 'Success'}`;
  return `${word}, attempt ${attempt}`;
}

/** Each change of an invocation, the oldest first. */
export function Timeline({ of: { transitions, left_out_after: cutAfter } }: { readonly of: Explanation }) {
  if (transitions.length === 0) return <Text c="dimmed">This invocation is of a release that kept no history.</Text>;
  return (
    <Line active={transitions.length} bulletSize={14} lineWidth={2} aria-label="Changes of the invocation">
      {transitions.map((transition, at) => (
        <Line.Item key={`${transition.time} ${transition.kind} ${at}`} title={titleOf(transition)}>
          <Text size="sm" c="dimmed">
            <Instant at={transition.time} isExact />
            {transition.service !== undefined && `, ${transition.service}`}
          </Text>
          {transition.error !== undefined && (
            <Text size="sm" className="code">
              {transition.error}
            </Text>
          )}
          {transition.due_time !== undefined && (
            <Text size="sm">
              Due <Instant at={transition.due_time} />
            </Text>
          )}
          {cutAfter === at + 1 && <Text size="sm">Some changes after this one were left out.</Text>}
        </Line.Item>
      ))}
    </Line>
  );
}
