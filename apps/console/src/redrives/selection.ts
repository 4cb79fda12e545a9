import type { components, operations } from '../api/schema.ts';
import { instantOfField } from '../invocations/period.ts';

/** The things that a redrive can start again. */
export type RedriveKind = 'failed' | 'undelivered';

/** A selection as the API takes it, and how it is started again. */
export type RedriveRequest = Omit<components['schemas']['RedriveDto'], 'dry_run'>;

type Condition = NonNullable<NonNullable<operations['searchInvocations']['parameters']['query']>['condition']>;

/** The status of each condition that a redrive can start again. */
const statusOf: Readonly<Record<Exclude<Condition, ''>, 'FAIL' | 'DISCARD'>> = {
  HandledInvocationError: 'FAIL',
  UnhandledInvocationError: 'FAIL',
  InvocationTimeout: 'FAIL',
  OutOfMemory: 'FAIL',
  ExecutorEnded: 'FAIL',
  InvocationCanceled: 'FAIL',
  SystemError: 'FAIL',
  EventAgeExceeded: 'DISCARD',
  RecursionDetected: 'DISCARD',
};

/** The conditions that invocations of a status can have; an empty status stands for both. */
export function conditionsOf(status: string): string[] {
  return Object.entries(statusOf).flatMap(([condition, of]) => (status === '' || status === of ? [condition] : []));
}

/** Bounds of the amounts, as the API has them. */
export const amountBounds = {
  rate: { min: 1, max: 100 },
  canary: { min: 0, max: 1_000 },
  stopPercent: { min: 0, max: 100 },
  limit: { min: 1, max: 100_000 },
} as const;

/** The name of an amount in the form. */
export type Amount = keyof typeof amountBounds;

/** The fields of the form. Empty texts limit nothing. Numbers are text while somebody types. */
export interface Selection extends Readonly<Record<Amount, number | string>> {
  readonly of: RedriveKind;
  /** `package:name`. */
  readonly function: string;
  readonly condition: string;
  readonly status: string;
  readonly errorText: string;
  readonly target: string;
  /** Whether functions that were made anew run the events of their namesakes. */
  readonly isMadeAnew: boolean;
  /** Times of fields `datetime-local`. */
  readonly from: string;
  readonly to: string;
}

/** The form before anything was typed. */
export const firstSelection: Selection = {
  of: 'failed',
  function: '',
  condition: '',
  status: '',
  errorText: '',
  target: '',
  isMadeAnew: false,
  from: '',
  to: '',
  rate: 10,
  canary: 0,
  stopPercent: 50,
  limit: 10_000,
};

/** An amount that was typed; undefined if the field is empty. */
function amountOf(text: number | string): number | undefined {
  return text === '' ? undefined : Number(text);
}

/** The request of a form. The fields of the kind that is not chosen are left out. */
export function requestOf(form: Selection): RedriveRequest {
  const { of, from, to } = form;
  const stopPercent = amountOf(form.stopPercent);
  const fields = {
    function: form.function,
    ...(of === 'failed'
      ? {
          condition: form.condition,
          status: form.status,
          error_text: form.errorText.trim(),
          made_anew: form.isMadeAnew || undefined,
        }
      : { target: form.target.trim() }),
    begin_time: instantOfField(from),
    end_time: instantOfField(to),
    rate: amountOf(form.rate),
    canary: amountOf(form.canary),
    stop_at: stopPercent === undefined ? undefined : stopPercent / 100,
    limit: amountOf(form.limit),
  };
  const given = Object.entries(fields).filter(([, value]) => value !== undefined && value !== '');
  return { of, ...Object.fromEntries(given) };
}
