import { conditionOfCode, type RedriveKind, type RedriveRun, utcInstant } from '#contracts';
import { failedOf, firstRun, leftOf, type Redrive, redriveStateOf } from '#lifecycle';

/** A redrive as the API shows it. */
export function redriveAnswer(redrive: Redrive): Record<string, unknown> {
  const { spec, order, run = firstRun('', redrive.spec.createdAt) } = redrive;
  const { kind, functionUrns, errorCode, errorText, deliveryId, mayBeMadeAnew, beginAt, endAt } = spec.selection;
  const state = redriveStateOf(redrive);
  const left = leftOf(redrive);
  return {
    id: spec.id,
    of: kind,
    state,
    ...(state === 'stopped' && run.stop !== undefined ? { reason: run.stop.reason } : {}),
    ...(order === undefined ? {} : { ordered: order.act, ordered_by: order.by, ordered_time: utcInstant(order.at) }),
    created_time: utcInstant(spec.createdAt),
    created_by: spec.createdBy,
    ...(functionUrns === undefined ? {} : { functions: functionUrns }),
    ...(errorCode === undefined ? {} : { condition: conditionOfCode(errorCode) ?? '' }),
    ...(errorText === undefined ? {} : { error_text: errorText }),
    ...(deliveryId === undefined ? {} : { target: deliveryId }),
    ...(mayBeMadeAnew === true ? { made_anew: true } : {}),
    begin_time: utcInstant(beginAt),
    end_time: utcInstant(endAt),
    rate: spec.ratePerSecond,
    canary: spec.canary,
    stop_at: spec.stopAtShare,
    limit: spec.selectedMax,
    selected: run.selected,
    ...(left === undefined ? {} : { left }),
    sent: run.sent,
    ...endsIn(kind, run),
    refused: run.refusals,
    refused_examples: run.examples.map(({ requestId, reason }) => ({ request_id: requestId, reason })),
    updated_time: utcInstant(run.at),
  };
}

function endsIn(kind: RedriveKind, run: RedriveRun): Record<string, number> {
  const { succeeded, missing } = run;
  const failed = failedOf(run);
  const ends = kind === 'failed' ? { succeeded, failed } : { delivered: succeeded, undelivered: failed };
  return { ...ends, ...(missing === undefined ? {} : { missing }) };
}
