import type { LedgerSummary } from '#contracts';
import { directRequest, internalTokenHeader, type InternalTokens } from '#platform';

/** How many request ids the line names. */
const namedMax = 5;

/** The status-logger that is asked, and the limit of the question. */
export interface LedgerSource {
  /** Address of the status-logger. */
  readonly url: string;
  readonly tokens: Pick<InternalTokens, 'tokenFor'>;
  readonly timeoutMs: number;
}

/**
 * Asks the status-logger for the ledger of all projects, once nothing else runs.
 * @returns a line for people. It says `unknown` for everything that is not known in time.
 */
export async function lastLedger({ url, tokens, timeoutMs }: LedgerSource): Promise<string> {
  try {
    const { status, text } = await directRequest(`${url}/internal/ledger/summary`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', [internalTokenHeader]: tokens.tokenFor('status-logger') },
      body: '{}',
      signal: AbortSignal.timeout(timeoutMs),
    });
    if (status !== 200) return unknown(`the status-logger answered with status ${status}`);
    return lineOf(JSON.parse(text) as LedgerSummary);
  } catch (error) {
    return unknown(`the status-logger gave no answer in ${timeoutMs / 1_000} s: ${(error as Error).message}`);
  }
}

function unknown(reason: string): string {
  return `ledger: unknown, because ${reason}`;
}

function lineOf({ accepted, settled, inFlight, rejected, unaccounted }: LedgerSummary): string {
  const sum = `accepted ${accepted} = settled ${settled} + in flight ${inFlight}`;
  return `ledger: ${sum}; rejected ${rejected}; unaccounted ${listOf(unaccounted)}`;
}

function listOf(unaccounted: LedgerSummary['unaccounted']): string {
  if (unaccounted === undefined) return 'unknown';
  if (unaccounted.length === 0) return '0';
  const named = unaccounted.slice(0, namedMax).map(({ requestId }) => requestId);
  return `${unaccounted.length}: ${named.join(', ')}${unaccounted.length > namedMax ? ', ...' : ''}`;
}
