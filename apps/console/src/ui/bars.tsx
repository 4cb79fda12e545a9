import type { ReactNode } from 'react';

/** One bar of a chart. */
export interface Bar {
  /** The span that the bar stands for, in words. */
  readonly label: string;
  readonly value: number;
}

interface BarsProps {
  /** Names the chart for screen readers. */
  readonly label: string;
  readonly bars: readonly Bar[];
  readonly begin: ReactNode;
  readonly end: ReactNode;
}

const height = 160;
const barWidth = 10;
const gap = 2;

/**
 * A chart of bars over time. Its numbers are under the pointer; a table beside the chart must state
 * them for people who do not see it.
 */
export function Bars({ label, bars, begin, end }: BarsProps) {
  const most = Math.max(1, ...bars.map(({ value }) => value));
  const width = bars.length * (barWidth + gap);
  const heightOf = (value: number) => (value === 0 ? 0 : Math.max(2, (value / most) * height));
  return (
    <figure className="bars">
      <svg viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" role="img" aria-label={label}>
        {bars.map(({ label: span, value }, at) => (
          <g key={span}>
            <title>{`${span}: ${value.toLocaleString()}`}</title>
            <rect x={at * (barWidth + gap)} y={0} width={barWidth} height={height} className="bar-ground" />
            <rect
              x={at * (barWidth + gap)}
              y={height - heightOf(value)}
              width={barWidth}
              height={heightOf(value)}
              className="bar"
            />
          </g>
        ))}
      </svg>
      <figcaption>
        <span>{begin}</span>
        <span>most: {most.toLocaleString()}</span>
        <span>{end}</span>
      </figcaption>
    </figure>
  );
}
