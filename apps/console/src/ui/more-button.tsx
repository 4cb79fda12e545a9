import { Button, Group } from '@mantine/core';
import type { UseInfiniteQueryResult } from '@tanstack/react-query';

interface MoreButtonProps {
  readonly label: string;
  readonly of: Pick<UseInfiniteQueryResult, 'hasNextPage' | 'isFetchingNextPage' | 'fetchNextPage'>;
}

/** Loads the next page of a list; nothing if the list is whole. */
export function MoreButton({ label, of }: MoreButtonProps) {
  if (!of.hasNextPage) return null;
  return (
    <Group justify="center" p="md">
      <Button variant="default" loading={of.isFetchingNextPage} onClick={() => void of.fetchNextPage()}>
        {label}
      </Button>
    </Group>
  );
}
