import { Box, Group, Title } from '@mantine/core';
import type { ReactNode } from 'react';

interface PanelProps {
  readonly title?: string;
  readonly actions?: ReactNode;
  readonly children: ReactNode;
  /** Without padding, for tables that reach the edge. */
  readonly isFlush?: boolean;
}

/** A part of a page, with a heading. */
export function Panel({ title, actions, children, isFlush = false }: PanelProps) {
  const hasHead = title !== undefined || (actions !== undefined && actions !== false);
  return (
    <Box component="section" className="panel" aria-label={title} mb="lg">
      {hasHead && (
        <Group justify="space-between" px="lg" pt="md" pb={isFlush ? 'sm' : 0}>
          {title === undefined ? <span /> : <Title order={2}>{title}</Title>}
          {actions}
        </Group>
      )}
      <Box p={isFlush ? 0 : 'lg'}>{children}</Box>
    </Box>
  );
}
