import 'uplot/dist/uPlot.min.css';
import { useComputedColorScheme } from '@mantine/core';
import { useEffect, useRef, useState } from 'react';
import UPlot from 'uplot';
import { chartHeight, type ChartLine, type ChartProps } from './chart-props.ts';
import { instantText, useZone } from './instant.tsx';

const colours = {
  light: { good: '#2b8a3e', bad: '#c92a2a', plain: '#1864ab', text: '#525a62', grid: '#e3e6ea' },
  dark: { good: '#69db7c', bad: '#ff8787', plain: '#74c0fc', text: '#b0b4ba', grid: '#31353b' },
} as const;
type Palette = (typeof colours)[keyof typeof colours];

function optionsOf(lines: readonly ChartLine[], palette: Palette, isUtc: boolean, onPoint: (at: number | null) => void) {
  const axis = {
    stroke: palette.text,
    grid: { stroke: palette.grid, width: 1 },
    ticks: { show: false },
    font: '12px sans-serif',
  };
  return {
    width: 300,
    height: chartHeight,
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false } },
    ...(isUtc ? { tzDate: (seconds: number) => UPlot.tzDate(new Date(seconds * 1_000), 'Etc/UTC') } : {}),
    scales: { y: { range: (_plot: UPlot, _low: number, high: number): [number, number] => [0, Math.max(1, high * 1.1)] } },
    axes: [axis, { ...axis, size: 52 }],
    series: [
      {},
      ...lines.map(({ name, look }) => ({
        label: name,
        stroke: palette[look],
        fill: `${palette[look]}1f`,
        width: 2,
        points: { show: false },
      })),
    ],
    hooks: { setCursor: [({ cursor }: UPlot) => onPoint(cursor.idx ?? null)] },
  } satisfies UPlot.Options;
}

/** Lines over time, drawn by uPlot. The values under the pointer stand above them. */
export default function LineChart({ label, times, lines }: ChartProps) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<UPlot | undefined>(undefined);
  const [point, setPoint] = useState<number | null>(null);
  const scheme = useComputedColorScheme('light');
  const { isUtc } = useZone();
  const shape = JSON.stringify(lines.map(({ name, look }) => [name, look]));
  // A new plot only if its looks change; new values are set below.
  useEffect(() => {
    const element = place.current;
    if (element === null) return;
    const drawn = new UPlot(optionsOf(lines, colours[scheme], isUtc, setPoint), [[]], element);
    plot.current = drawn;
    const observer = new ResizeObserver(() => drawn.setSize({ width: element.clientWidth, height: chartHeight }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      drawn.destroy();
    };
  }, [shape, scheme, isUtc]);
  useEffect(() => {
    plot.current?.setData([times.map((time) => time / 1_000), ...lines.map(({ values }) => [...values])]);
  }, [times, lines, shape, scheme, isUtc]);
  const time = point === null ? undefined : times[point];
  return (
    <>
      <p className="chart-legend">
        {lines.map(({ name, look, values }) => (
          <span key={name} className="chart-line" style={{ '--line': colours[scheme][look] } as React.CSSProperties}>
            {name}
            {point !== null && <b>{(values[point] ?? 0).toLocaleString(undefined, { maximumFractionDigits: 2 })}</b>}
          </span>
        ))}
        {time !== undefined && <span>{instantText(new Date(time), isUtc)}</span>}
      </p>
      <div ref={place} role="img" aria-label={`${label}; the table below has the values`} className="chart" />
    </>
  );
}
