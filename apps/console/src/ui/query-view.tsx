import { Skeleton, Stack, Text } from '@mantine/core';
import { type ReactNode, useEffect, useState } from 'react';
import { ProblemNotice } from './problem-notice.tsx';

const slowMs = 3_000;

function Waiting() {
  const [isSlow, setSlow] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setSlow(true), slowMs);
    return () => clearTimeout(timer);
  }, []);
  return (
    <Stack gap="sm" role="status" aria-label="Loading">
      <Skeleton height={20} width="40%" />
      <Skeleton height={20} />
      <Skeleton height={20} width="80%" />
      {isSlow && (
        <Text c="dimmed" size="sm">
          The server takes longer than usual. The page goes on as soon as it answers.
        </Text>
      )}
    </Stack>
  );
}

interface QueryViewProps<T> {
  /** The result of a query, of one page or of several. */
  readonly query: {
    readonly data: T | undefined;
    readonly error: Error | null;
    readonly isPending: boolean;
    readonly refetch: () => unknown;
  };
  readonly children: (data: T) => ReactNode;
}

/** Shows what a query answered; until then that it waits, or why it failed. */
export function QueryView<T>({ query, children }: QueryViewProps<T>) {
  const { data, error, isPending, refetch } = query;
  return (
    <>
      {error !== null && <ProblemNotice error={error} onRetry={() => void refetch()} />}
      {isPending ? <Waiting /> : data !== undefined && children(data)}
    </>
  );
}
