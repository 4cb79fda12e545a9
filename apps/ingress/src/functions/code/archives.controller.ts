import { Controller, Get, Inject, Param, StreamableFile } from '@nestjs/common';
import type { ObjectStore } from '#objects';
import { ApiError } from '../../http/api-error.ts';
import { FunctionNames } from '../../names/function-names.ts';
import { functionOperations as operations } from '../functions.operations.ts';
import { Operation } from '../../document/operation.ts';
import { CODE_STORE } from './code-store.ts';

/**
 * Returns the URL of the archive of a version.
 * @param fullUrn eight fields.
 */
export function archiveUrl(address: string, project: string, fullUrn: string): string {
  return `${address}/v2/${project}/sendoff/functions/${fullUrn}/archive`;
}

/**
 * An operation of Sendoff itself: the code of a zip function, which `func_code.link` names. It
 * needs credentials of the API.
 */
@Controller('v2/:project/sendoff/functions/:urn')
export class ArchivesController {
  constructor(
    @Inject(FunctionNames) private readonly names: FunctionNames,
    @Inject(CODE_STORE) private readonly store: ObjectStore,
  ) {}

  @Operation(operations.archive)
  @Get('archive')
  async archive(@Param('project') project: string, @Param('urn') urn: string): Promise<StreamableFile> {
    const { function: fn } = this.names.find(urn, project);
    const bytes = fn.code.kind === 'archive' ? await this.store.get(fn.code.digest) : undefined;
    if (bytes === undefined) throw new ApiError('FSS.0404', `the function has no archive: ${urn.slice(0, 300)}`);
    const disposition = `attachment; filename="${fn.name}-${fn.version ?? 'latest'}.zip"`;
    return new StreamableFile(bytes, { type: 'application/zip', length: bytes.length, disposition });
  }
}
