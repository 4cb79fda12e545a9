/** Height of a chart, in pixels. */
export const chartHeight = 220;

/** A line of a chart. */
export interface ChartLine {
  readonly name: string;
  readonly look: 'good' | 'bad' | 'plain';
  /** One value for each time. */
  readonly values: readonly number[];
}

/** The content of a chart. */
export interface ChartProps {
  readonly label: string;
  /** Milliseconds since 1970, in ascending order. */
  readonly times: readonly number[];
  readonly lines: readonly ChartLine[];
}
