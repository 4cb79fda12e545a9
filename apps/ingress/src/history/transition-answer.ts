import { type Transition, utcText } from '#contracts';

/** Shows a transition. Explanations and live events show it in the same form. */
export function transitionAnswer({ at, kind, attempt, error, dueAt, condition, chance, deliveryId }: Transition) {
  return {
    time: `${utcText(at)}Z`,
    kind,
    attempt,
    ...(error === undefined ? {} : { error }),
    ...(dueAt === undefined ? {} : { due_time: `${utcText(dueAt)}Z` }),
    ...(condition === undefined ? {} : { condition }),
    ...(chance === undefined ? {} : { chance }),
    ...(deliveryId === undefined ? {} : { delivery_id: deliveryId }),
  };
}
