import { useMutation } from '@tanstack/react-query';
import { answerOf } from '../api/client.ts';
import { useApi } from '../session/session-context.tsx';

/** The fields of the form. Numbers are text while somebody types. */
export interface SimulationForm {
  /** `package:name` of the function whose records tell the failures; null for those of the form. */
  readonly function: string | null;
  readonly retries: number | string;
  readonly ageSeconds: number | string;
  readonly waitBaseSeconds: number | string;
  readonly waitMaxSeconds: number | string;
  readonly failurePercent: number | string;
  readonly unavailablePercent: number | string;
  readonly isRetryable: boolean;
  readonly durationSeconds: number | string;
  readonly arrivalsPerSecond: number | string;
  readonly invocations: number | string;
  readonly outageFromSeconds: number | string;
  readonly outageToSeconds: number | string;
}

/** When the attempts of one number fall, in seconds after the acceptance of their invocation. */
export interface AttemptSchedule {
  readonly attempt: number;
  readonly started: number;
  readonly succeeded: number;
  readonly earliest_in_seconds: number;
  readonly mean_in_seconds: number;
  readonly latest_in_seconds: number;
}

/** The expected effect of a policy. */
export interface Simulation {
  readonly model: { readonly invocations: number; readonly failure_share: number; readonly unavailable_share: number };
  readonly succeeded: number;
  /** Invocations that did not succeed, by condition. */
  readonly conditions: Readonly<Record<string, number>>;
  readonly attempts: number;
  readonly schedule: readonly AttemptSchedule[];
  readonly load: { readonly interval_in_seconds: number; readonly attempts: readonly number[] };
  readonly end_in_seconds: number;
  /** Only of a replay of records: how far they tell how attempts ended. */
  readonly records?: { readonly words: readonly string[] };
  /** False if the simulation stopped at its limit. */
  readonly is_complete: boolean;
}

/** A number of the form; an empty field is left out. */
function given<Name extends string>(name: Name, value: number | string, factor = 1): Partial<Record<Name, number>> {
  return (value === '' ? {} : { [name]: Number(value) * factor }) as Partial<Record<Name, number>>;
}

function outagesOf({ outageFromSeconds: from, outageToSeconds: to }: SimulationForm) {
  return from === '' || to === '' ? {} : { outages: [{ from_in_seconds: Number(from), to_in_seconds: Number(to) }] };
}

function modelOf(form: SimulationForm) {
  return {
    ...given('failure_share', form.failurePercent, 0.01),
    ...given('unavailable_share', form.unavailablePercent, 0.01),
    is_retryable: form.isRetryable,
    ...given('duration_in_seconds', form.durationSeconds),
    ...given('arrivals_per_second', form.arrivalsPerSecond),
    ...given('invocations', form.invocations),
    ...outagesOf(form),
  };
}

/** Simulates a policy. Nothing is invoked or stored. */
export function useSimulation() {
  const { client, project } = useApi();
  return useMutation({
    mutationFn: async (form: SimulationForm) => {
      const body = {
        policy: {
          ...given('max_async_retry_attempts', form.retries),
          ...given('max_async_event_age_in_seconds', form.ageSeconds),
          ...given('retry_wait_base_in_seconds', form.waitBaseSeconds),
          ...given('retry_wait_max_in_seconds', form.waitMaxSeconds),
        },
        ...(form.function === null ? { model: modelOf(form) } : { function: form.function }),
      };
      const params = { path: { project } };
      return answerOf(client.POST('/v2/{project}/sendoff/policy-simulations', { params, body })) as Promise<Simulation>;
    },
  });
}
