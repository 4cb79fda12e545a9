import { Alert, Button, Group, Text } from '@mantine/core';
import { asProblem, type ProblemKind } from '../api/problem.ts';

const titles: Readonly<Record<ProblemKind, string>> = {
  away: 'The server is away or busy',
  late: 'The answer is late',
  expired: 'Your login is no longer valid',
  forbidden: 'Your credentials lack the right',
  missing: 'This does not exist',
  refused: 'The server refused this',
  changed: 'Somebody changed this meanwhile',
  local: 'The console cannot do this',
  outdated: 'The console was updated',
  broken: 'The server has an error',
};

const nextSteps: Readonly<Partial<Record<ProblemKind, string>>> = {
  away: 'Nothing you typed is lost. Try again in a moment.',
  forbidden: 'Log in with other credentials, or ask for a key with this right.',
  changed: 'Copy your text. Then discard your changes to see what is there now.',
  missing: 'It may have been deleted in another tab or by somebody else.',
  outdated: 'Save what you typed, then load the page anew.',
  broken: 'Try again. If it stays, search the log of the server for the request id.',
};

interface ProblemNoticeProps {
  readonly error: unknown;
  readonly onRetry?: () => void;
}

/** Says what went wrong, and what to do next. */
export function ProblemNotice({ error, onRetry }: ProblemNoticeProps) {
  const problem = asProblem(error);
  const nextStep = nextSteps[problem.kind];
  return (
    <Alert
      color={problem.kind === 'away' || problem.kind === 'late' ? 'yellow' : 'red'}
      role="alert"
      title={titles[problem.kind]}
    >
      <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
        {problem.message}
      </Text>
      {nextStep !== undefined && (
        <Text size="sm" mt={4}>
          {nextStep}
        </Text>
      )}
      {problem.requestId !== '' && (
        <Text size="xs" mt={4} className="code">
          {problem.code} · request {problem.requestId}
        </Text>
      )}
      {onRetry !== undefined && (
        <Group mt="sm">
          <Button size="xs" variant="default" onClick={problem.kind === 'outdated' ? () => location.reload() : onRetry}>
            {problem.kind === 'outdated' ? 'Load anew' : 'Try again'}
          </Button>
        </Group>
      )}
    </Alert>
  );
}
