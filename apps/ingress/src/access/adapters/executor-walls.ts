import { type Clock, directRequest, type IsolationLevel, isolationLevels, type Timer } from '#platform';
import type { Executors } from '../../names/executors.ts';
import type { FunctionWalls } from '../function-walls.ts';

/** Asks one executor. Rejects if it does not answer. */
type Ask = (url: string) => Promise<unknown>;

interface Answer {
  readonly level: IsolationLevel;
  readonly at: number;
}

/** The wait between two questions: short as long as an executor has not told. */
const askEveryMs = { known: 10_000, unknown: 1_000 } as const;
/** An executor that restarts keeps its level for this time. */
const answerAgeMaxMs = 60_000;
const timeoutMs = 2_000;

async function fromReadyz(url: string): Promise<unknown> {
  const { text } = await directRequest(new URL('/readyz', url), { signal: AbortSignal.timeout(timeoutMs) });
  return (JSON.parse(text) as { readonly isolation?: unknown }).isolation;
}

/** Asks the executors for their walls, again and again. */
export class ExecutorWalls implements FunctionWalls {
  private readonly answers = new Map<string, Answer>();
  private timer: Timer | undefined;
  private isClosed = false;

  constructor(
    private readonly executors: Pick<Executors, 'all'>,
    private readonly clock: Clock,
    private readonly ask: Ask = fromReadyz,
  ) {}

  /** Asks at once, and again until {@link close}. */
  start(): void {
    void this.refresh();
  }

  close(): void {
    this.isClosed = true;
    this.timer?.cancel();
  }

  level(): IsolationLevel | undefined {
    const after = this.clock.elapsedMs() - answerAgeMaxMs;
    const levels = this.executors.all().map((url) => {
      const answer = this.answers.get(url);
      return answer !== undefined && answer.at >= after ? answer.level : undefined;
    });
    if (levels.length === 0 || levels.includes(undefined)) return undefined;
    return isolationLevels.findLast((level) => levels.includes(level));
  }

  private async refresh(): Promise<void> {
    await Promise.all(
      this.executors.all().map(async (url) => {
        const told = await this.ask(url).catch(() => undefined);
        const level = isolationLevels.find((known) => known === told);
        if (level !== undefined) this.answers.set(url, { level, at: this.clock.elapsedMs() });
      }),
    );
    if (this.isClosed) return;
    const waitMs = this.level() === undefined ? askEveryMs.unknown : askEveryMs.known;
    this.timer = this.clock.setTimer(waitMs, () => void this.refresh());
  }
}
