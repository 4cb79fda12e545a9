import { type Transition, utcInstant } from '#contracts';

/** Shows a transition. Explanations and live events show it in the same form. */
export function transitionAnswer({ at, kind, attempt, error, dueAt, condition, chance, deliveryId }: Transition) {
  return {
    time: utcInstant(at),
    kind,
    attempt,
    ...(error === undefined ? {} : { error }),
    ...(dueAt === undefined ? {} : { due_time: utcInstant(dueAt) }),
    ...(condition === undefined ? {} : { condition }),
    ...(chance === undefined ? {} : { chance }),
    ...(deliveryId === undefined ? {} : { delivery_id: deliveryId }),
  };
}
