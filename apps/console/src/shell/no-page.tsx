import { Anchor } from '@mantine/core';
import { Link } from 'wouter';
import { EmptyState } from '../ui/empty-state.tsx';
import { PageHead } from '../ui/page-head.tsx';

/** Stands at a path that no page has. */
export function NoPage() {
  return (
    <>
      <PageHead title="No such page" />
      <EmptyState title="The address leads nowhere">
        Go to the{' '}
        <Anchor component={Link} href="/functions">
          list of functions
        </Anchor>
        .
      </EmptyState>
    </>
  );
}
