/**
 * Why a call failed, as far as it matters to the viewer.
 *
 * - `away`: the server did not answer, or answers that it is busy. The same call may succeed later.
 * - `late`: no answer came within the time that the console waits. The server may still act.
 * - `expired`: the credentials are no longer valid.
 * - `forbidden`: the credentials lack the right.
 * - `missing`: the thing does not exist, or was deleted meanwhile.
 * - `refused`: the request is wrong; the message says what to change.
 * - `changed`: somebody else changed the thing meanwhile, so the console changed nothing.
 * - `local`: the console cannot do this itself, as with an archive that it cannot read.
 * - `outdated`: the server has another release of the console than this tab.
 * - `broken`: an error of the server.
 */
export type ProblemKind =
  | 'away'
  | 'late'
  | 'expired'
  | 'forbidden'
  | 'missing'
  | 'refused'
  | 'changed'
  | 'local'
  | 'outdated'
  | 'broken';

/** A failed call of the API. */
export class ApiProblem extends Error {
  readonly kind: ProblemKind;
  /** HTTP status; 0 if no answer came. */
  readonly status: number;
  /** Error code of the API, for example `FSS.0400`; empty without one. */
  readonly code: string;
  /** The id under which the log of the server has this request; empty without one. */
  readonly requestId: string;

  constructor(kind: ProblemKind, message: string, facts: { status?: number; code?: string; requestId?: string } = {}) {
    super(message);
    this.name = 'ApiProblem';
    this.kind = kind;
    this.status = facts.status ?? 0;
    this.code = facts.code ?? '';
    this.requestId = facts.requestId ?? '';
  }
}

function kindOf(status: number): ProblemKind {
  if (status === 401) return 'expired';
  if (status === 403) return 'forbidden';
  if (status === 404) return 'missing';
  if (status === 429 || status === 502 || status === 503 || status === 504) return 'away';
  return status >= 500 ? 'broken' : 'refused';
}

/** The two forms of an error: that of FunctionGraph and that of SMN. */
interface ErrorBody {
  readonly error_code?: string;
  readonly error_msg?: string;
  readonly code?: string;
  readonly message?: string;
}

/** Reads the body of an error answer. A body that is not an error of the API gives its status. */
export function problemOf(response: Response, body: unknown): ApiProblem {
  const { error_code, error_msg, code, message } = (typeof body === 'object' && body !== null ? body : {}) as ErrorBody;
  return new ApiProblem(kindOf(response.status), error_msg ?? message ?? `The server answered ${response.status}.`, {
    status: response.status,
    code: error_code ?? code ?? '',
    requestId: response.headers.get('x-request-id') ?? '',
  });
}

/** Turns anything that a call threw into a problem. */
export function asProblem(thrown: unknown): ApiProblem {
  if (thrown instanceof ApiProblem) return thrown;
  if (thrown instanceof DOMException && thrown.name === 'TimeoutError')
    return new ApiProblem(
      'late',
      'The server did not answer in time. It may still do what was asked: look before you try again.',
    );
  if (thrown instanceof TypeError) return new ApiProblem('away', 'The server cannot be reached.');
  return new ApiProblem('broken', thrown instanceof Error ? thrown.message : String(thrown));
}
