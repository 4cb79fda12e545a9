/**
 * A table of any number of rows, of which only those in view exist.
 *
 * Browsers limit the height of an element to about 17 million pixels. A taller table gets an
 * element of `heightMax`, and the position of its scroll bar is stretched over all rows.
 */
import { observeElementOffset, useVirtualizer } from '@tanstack/react-virtual';
import { type ReactNode, useMemo, useRef } from 'react';

const rowHeight = 40;
const heightMax = 8_000_000;
const viewHeight = 560;

/** A column: its heading, and its share of the width as a track of a CSS grid. */
export interface Column {
  readonly name: string;
  readonly track: string;
}

interface TallTableProps {
  readonly label: string;
  readonly columns: readonly Column[];
  readonly rowCount: number;
  /** The cells of a row; undefined while its record is not loaded. */
  readonly cellsOf: (row: number) => readonly ReactNode[] | undefined;
}

/** How many pixels of rows one pixel of the scroll bar stands for; 1 in a table of usual height. */
function stretchOf(rowCount: number): number {
  const height = rowCount * rowHeight;
  return height <= heightMax ? 1 : (height - viewHeight) / (heightMax - viewHeight);
}

/** The table. Rows that are not loaded yet show as dashes. */
export function TallTable({ label, columns, rowCount, cellsOf }: TallTableProps) {
  const view = useRef<HTMLDivElement>(null);
  const stretch = stretchOf(rowCount);
  const virtualizer = useVirtualizer<HTMLDivElement, HTMLDivElement>({
    count: rowCount,
    estimateSize: () => rowHeight,
    overscan: 6,
    getScrollElement: () => view.current,
    observeElementOffset: (instance, report) =>
      observeElementOffset(instance, (offset, isScrolling) => report(offset * stretch, isScrolling)),
  });
  const tracks = useMemo(() => ({ gridTemplateColumns: columns.map(({ track }) => track).join(' ') }), [columns]);
  const scrolled = virtualizer.scrollOffset ?? 0;
  return (
    <div className="scroll-x">
      <div role="table" aria-label={label} aria-rowcount={rowCount + 1} className="tall-table">
        <div role="row" aria-rowindex={1} className="tall-row tall-head" style={tracks}>
          {columns.map(({ name }) => (
            <div role="columnheader" key={name}>
              {name}
            </div>
          ))}
        </div>
        <div ref={view} className="tall-view" tabIndex={0} role="rowgroup" style={{ maxHeight: viewHeight }}>
          <div style={{ height: Math.min(rowCount * rowHeight, heightMax), position: 'relative' }} role="presentation">
            {virtualizer.getVirtualItems().map(({ index, start }) => (
              <div
                key={index}
                role="row"
                aria-rowindex={index + 2}
                className="tall-row"
                style={{ ...tracks, position: 'absolute', transform: `translateY(${start - scrolled + scrolled / stretch}px)` }}
              >
                {(cellsOf(index) ?? columns.map(() => '–')).map((cell, at) => (
                  <div role="cell" key={columns[at]?.name}>
                    {cell}
                  </div>
                ))}
              </div>
            ))}
          </div>
        </div>
      </div>
    </div>
  );
}
