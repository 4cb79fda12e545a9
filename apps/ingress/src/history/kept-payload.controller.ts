import { Controller, Get, Inject, Param } from '@nestjs/common';
import { bareUrnOf, epochMs } from '#contracts';
import { Operation } from '../document/operation.ts';
import { KeptInvocations } from '../invocations/kept-invocations.ts';
import { LargePayloads } from '../invocations/large-payloads.ts';
import { FunctionNames } from '../names/function-names.ts';
import { STATUS_RECORDS, type StatusRecords } from '../records/status-records.ts';
import { checkRequestId, isOf, noSuchInvocation } from './invocation-in-path.ts';
import { keptPayloadOperations as operations } from './kept-payload.operations.ts';

/** Shows the payload of one invocation. */
@Controller('v2/:project/sendoff/functions/:urn/invocations')
export class KeptPayloadController {
  constructor(
    @Inject(STATUS_RECORDS) private readonly records: Pick<StatusRecords, 'search'>,
    @Inject(KeptInvocations) private readonly kept: KeptInvocations,
    @Inject(LargePayloads) private readonly payloads: Pick<LargePayloads, 'isKept'>,
    @Inject(FunctionNames) private readonly names: FunctionNames,
  ) {}

  @Operation(operations.show)
  @Get(':requestId/payload')
  async show(@Param('project') project: string, @Param('urn') urn: string, @Param('requestId') requestId: string) {
    const named = this.names.parse(urn, project);
    checkRequestId(requestId);
    const record = await this.find(project, requestId);
    if (record === undefined || !isOf(named, record)) throw noSuchInvocation();
    const owner = bareUrnOf(record.functionUrn);
    const invocation = record.payloadRef === undefined ? await this.kept.find(record) : undefined;
    const reference = record.payloadRef ?? invocation?.payloadRef;
    if (reference !== undefined)
      return (await this.payloads.isKept(owner, reference))
        ? { kept: 'store', payload_ref: reference }
        : { kept: 'no', reason: 'The stored payload was removed: it was older than the store keeps payloads.' };
    if (invocation !== undefined) return { kept: 'record', payload: invocation.payload.toString('utf8') };
    const isPlaced = (record.places ?? []).length > 0;
    return {
      kept: 'no',
      reason: isPlaced ? 'Kafka has deleted the record with the payload.' : 'No record with the payload is known.',
    };
  }

  private async find(project: string, requestId: string) {
    const always = { beginAt: epochMs(0), endAt: epochMs(Number.MAX_SAFE_INTEGER) };
    const { records } = await this.records.search({ project, requestIds: [requestId], ...always, limit: 1, withPlaces: true });
    return records[0];
  }
}
