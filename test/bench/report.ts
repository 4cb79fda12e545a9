/** Judges what was measured, and shows it as tables and plots. */
import type { Figures } from './figures.ts';
import type { Goal, Row } from './rows.ts';
import { median } from './load.ts';

/** When something was measured, on which machine, with which versions. */
interface Origin {
  /** ISO 8601. */
  readonly at: string;
  readonly machine: string;
  readonly versions: Readonly<Record<string, string>>;
}

/** The rounds of one row, by contender. */
export interface RowResult {
  readonly name: string;
  readonly rounds: Readonly<Record<string, readonly Figures[]>>;
  /** Medians of the run that was written before this one. */
  readonly before?: Figures;
  /** Only of a row that an earlier run measured. */
  readonly origin?: Origin;
}

/** One run of the benchmark. */
export interface BenchResult extends Origin {
  readonly rows: readonly RowResult[];
}

/** A row beside the medians that it replaces. */
export function besideEarlier(row: RowResult, earlier?: RowResult): RowResult {
  return earlier === undefined ? row : { ...row, before: mediansOf(earlier, 'sendoff') };
}

/**
 * The rows of a run beside those of an earlier one. Rows that it did not measure stay as they are,
 * with their origin.
 * @param names all rows, in the order of the result.
 */
export function withEarlierRows(result: BenchResult, names: readonly string[], earlier?: BenchResult): BenchResult {
  if (earlier === undefined) return result;
  const { rows: earlierRows, ...origin } = earlier;
  const rows = names.flatMap((name) => {
    const measured = result.rows.find((row) => row.name === name);
    const kept = earlierRows.find((row) => row.name === name);
    if (measured === undefined) return kept === undefined ? [] : { origin, ...kept };
    return besideEarlier(measured, kept);
  });
  return { ...result, rows };
}

/** The medians of all rounds of one contender. */
export function mediansOf({ rounds }: RowResult, contender: string): Figures {
  const all = rounds[contender] ?? [];
  const names = Object.keys(all[0] ?? {});
  return Object.fromEntries(names.map((name) => [name, median(all.map((figures) => figures[name] ?? Number.NaN))]));
}

/** Whether a figure reaches its goal; undefined if the peer was not measured. */
export function isReached({ figure, atLeast, atMost, ofPeer }: Goal, own: Figures, peer?: Figures): boolean | undefined {
  const value = own[figure] ?? Number.NaN;
  if (ofPeer === undefined) return value >= (atLeast ?? -Infinity) && value <= (atMost ?? Infinity);
  const beside = peer?.[figure];
  if (beside === undefined) return undefined;
  return value >= (atLeast ?? 0) * beside && value <= (atMost ?? Infinity) * beside;
}

function shown(value: number | undefined): string {
  if (value === undefined || Number.isNaN(value)) return '';
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return value.toLocaleString('en-GB', { maximumFractionDigits: digits });
}

function goalText({ atLeast, atMost, ofPeer }: Goal): string {
  const bound = atLeast === undefined ? `at most ${shown(atMost)}` : `at least ${shown(atLeast)}`;
  return ofPeer === true ? `${bound} of the peer` : bound;
}

const verdicts = new Map<boolean | undefined, string>([
  [true, 'reached'],
  [false, 'missed'],
  [undefined, 'peer not measured'],
]);

/** The table of one row in Markdown: a line for each figure. */
export function tableOf(row: Row, result: RowResult): string {
  const { before = {} } = result;
  const own = mediansOf(result, 'sendoff');
  const peerName = Object.keys(result.rounds).find((name) => name !== 'sendoff');
  const peer = peerName === undefined ? undefined : mediansOf(result, peerName);
  const head = ['figure', 'Sendoff', ...(peerName === undefined ? [] : [peerName, 'ratio']), 'before', 'goal', ''];
  const lines = Object.keys(own).map((figure) => {
    const goal = row.goals.find((one) => one.figure === figure);
    const value = own[figure] ?? Number.NaN;
    const beside = peer?.[figure];
    return [
      figure,
      shown(value),
      ...(peer === undefined ? [] : [shown(beside), shown(beside === undefined ? undefined : value / beside)]),
      shown(before[figure]),
      goal === undefined ? '' : goalText(goal),
      goal === undefined ? '' : (verdicts.get(isReached(goal, own, peer)) ?? ''),
    ];
  });
  const cells = [head, head.map(() => '---'), ...lines];
  return cells.map((line) => `| ${line.join(' | ')} |`).join('\n');
}

const plot = { width: 640, barHeight: 18, labelWidth: 220, gap: 6 } as const;
const colours = ['#2563eb', '#94a3b8'];

const escaped = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');

/** The figures of a row whose unit is calls a second, as bars. Undefined if it has none. */
export function plotOf(row: Row, result: RowResult): string | undefined {
  const contenders = Object.keys(result.rounds);
  const medians = contenders.map((name) => mediansOf(result, name));
  const figures = Object.keys(medians[0] ?? {}).filter((name) => name.endsWith('PerSecond'));
  if (figures.length === 0) return undefined;
  const most = Math.max(...medians.flatMap((one) => figures.map((figure) => one[figure] ?? 0)));
  const bars = figures.flatMap((figure, group) =>
    contenders.map((contender, index) => {
      const value = medians[index]?.[figure] ?? 0;
      const y = (group * contenders.length + index) * (plot.barHeight + plot.gap) + 30;
      const length = ((plot.width - plot.labelWidth - 80) * value) / most;
      return [
        `<text x="${plot.labelWidth - 8}" y="${y + 13}" text-anchor="end">${escaped(`${figure} ${contender}`)}</text>`,
        `<rect x="${plot.labelWidth}" y="${y}" width="${length.toFixed(1)}" height="${plot.barHeight}" fill="${colours[index]}"/>`,
        `<text x="${plot.labelWidth + length + 6}" y="${y + 13}">${shown(value)}</text>`,
      ].join('');
    }),
  );
  const height = figures.length * contenders.length * (plot.barHeight + plot.gap) + 40;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${plot.width}" height="${height}" font-family="sans-serif" font-size="12" role="img">`,
    `<title>${escaped(row.says)}</title><rect width="100%" height="100%" fill="#ffffff"/>`,
    `<text x="8" y="18" font-weight="bold">${escaped(row.name)}</text>`,
    ...bars,
    '</svg>',
    '',
  ].join('\n');
}

function originText({ at, machine, versions }: Origin): string {
  const named = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return `Measured ${at.slice(0, 10)} on ${machine}. ${named.join(', ')}.`;
}

/** The page of all rows, in Markdown. A row of an earlier run says so. */
export function pageOf(rows: readonly Row[], result: BenchResult): string {
  const whole = originText(result);
  const sections = result.rows.map((one) => {
    const row = rows.find(({ name }) => name === one.name);
    if (row === undefined) return '';
    const own = originText(one.origin ?? result);
    const says = own === whole ? row.says : `${row.says}\n\n${own}`;
    const picture = plotOf(row, one) === undefined ? '' : `\n![${row.name}](performance/${row.name}.svg)\n`;
    return `### ${row.name}\n\n${says}\n\n${tableOf(row, one)}\n${picture}`;
  });
  return [whole, '', ...sections].join('\n');
}
