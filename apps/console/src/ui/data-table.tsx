import { Table } from '@mantine/core';
import type { ReactNode } from 'react';
import { ScrollX } from './scroll-x.tsx';

interface DataTableProps {
  /** Names the rows for screen readers. */
  readonly label: string;
  readonly headings: readonly string[];
  /** The table scrolls sideways in a narrower page, in pixels. */
  readonly minWidth: number;
  /** Rows of the table. */
  readonly children: ReactNode;
}

/** A table that scrolls sideways within the page. */
export function DataTable({ label, headings, minWidth, children }: DataTableProps) {
  return (
    <ScrollX label={label}>
      <Table miw={minWidth} highlightOnHover>
        <Table.Thead>
          <Table.Tr>
            {headings.map((heading) => (
              <Table.Th key={heading}>{heading}</Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>{children}</Table.Tbody>
      </Table>
    </ScrollX>
  );
}
