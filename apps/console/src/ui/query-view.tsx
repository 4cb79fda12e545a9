import { Skeleton, Stack, Text } from '@mantine/core';
import { type ReactNode, useEffect, useState } from 'react';
import { ProblemNotice } from './problem-notice.tsx';

const slowMs = 3_000;

/** Stands in place of something that is on its way. */
export function Waiting() {
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
    /** How often this query has failed. */
    readonly errorUpdateCount: number;
    readonly refetch: () => unknown;
  };
  readonly children: (data: T) => ReactNode;
}

/**
 * Shows what a query answered; until then that it waits, or why it failed. The reason stays while
 * the query is tried again.
 */
export function QueryView<T>({ query, children }: QueryViewProps<T>) {
  const { data, error, isPending, errorUpdateCount, refetch } = query;
  const [lastError, setLastError] = useState<Error | null>(null);
  if (error !== null && error !== lastError) setLastError(error);
  const shown = error ?? (isPending && errorUpdateCount > 0 ? lastError : null);
  return (
    <>
      {shown !== null && <ProblemNotice error={shown} onRetry={() => void refetch()} />}
      {isPending && shown === null && <Waiting />}
      {data !== undefined && children(data)}
    </>
  );
}
