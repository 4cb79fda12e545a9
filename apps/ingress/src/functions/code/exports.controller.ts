import { Body, Controller, Get, HttpCode, Inject, Param, Post, Query, Req, StreamableFile } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { ArchiveReader, type ObjectStore } from '#objects';
import { ApiError } from '../../http/api-error.ts';
import { CalledBy, type Caller } from '../../access/caller.ts';
import { exportOperations as operations } from './exports.operations.ts';
import { decodedFile } from './function-code.ts';
import { functionAnswer } from '../function-document.ts';
import { checkExportable, type ExportParts, exportOf, readExport } from './function-export.ts';
import { FunctionMaker } from '../function-maker.ts';
import { FunctionNames } from '../../names/function-names.ts';
import { CreateFunctionDto, functionFieldCodes } from '../function.dto.ts';
import { ImportFunctionDto, importFieldCodes } from './import-function.dto.ts';
import { Operation } from '../../document/operation.ts';
import { OwnAddress } from '../../http/own-address.ts';
import type { Query as QueryOf } from '../../http/query.ts';
import { CODE_STORE } from './code-store.ts';
import { validated, ValidatedBody } from '../../http/validated.ts';

/** @throws ApiError FSS.1001. */
function flag(query: QueryOf, name: string): boolean {
  const text = query[name] ?? '';
  if (!['', 'true', 'false'].includes(text)) throw new ApiError('FSS.1001', `${name} must be true or false`);
  return text === 'true';
}

/**
 * Reads which parts a query asks for: by `type`, or by `config` and `code`, but not by both.
 * @throws ApiError FSS.1001.
 */
function partsOf(query: QueryOf): ExportParts {
  const parts = { config: flag(query, 'config'), code: flag(query, 'code') };
  const { type = '' } = query;
  if (type === '') {
    if (!parts.config && !parts.code) throw new ApiError('FSS.1001', 'config=true, code=true or both are required');
    return parts;
  }
  if (type !== 'config' && type !== 'code') throw new ApiError('FSS.1001', 'type must be config or code');
  if (parts.config || parts.code) throw new ApiError('FSS.1001', 'type cannot be used with config or code');
  return { config: type === 'config', code: type === 'code' };
}

/**
 * Export and import of functions.
 * @see FunctionGraph API, function import and export
 */
@Controller('v2/:project')
export class ExportsController {
  constructor(
    @Inject(FunctionNames) private readonly names: FunctionNames,
    @Inject(FunctionMaker) private readonly maker: FunctionMaker,
    @Inject(CODE_STORE) private readonly store: ObjectStore,
    @Inject(ArchiveReader) private readonly archives: ArchiveReader,
    @Inject(OwnAddress) private readonly address: OwnAddress,
  ) {}

  /** Returns the URL of the export. The download requires credentials of the API. */
  @Operation(operations.export)
  @Get('fgs/functions/:urn/export')
  export(
    @Param('project') project: string,
    @Param('urn') urn: string,
    @Query() query: QueryOf,
    @Req() request: FastifyRequest,
  ): Record<string, unknown> {
    const { fullUrn, function: fn } = this.names.find(urn, project);
    const parts = partsOf(query);
    checkExportable(fn, parts);
    const path = `/v2/${project}/sendoff/functions/${fullUrn}/export?config=${parts.config}&code=${parts.code}`;
    return { file_name: `${fn.name}.zip`, code_url: `${this.address.of(request)}${path}` };
  }

  /** An operation of Sendoff itself: the download of the export. */
  @Operation(operations.download)
  @Get('sendoff/functions/:urn/export')
  async download(@Param('project') project: string, @Param('urn') urn: string, @Query() query: QueryOf): Promise<StreamableFile> {
    const { function: fn } = this.names.find(urn, project);
    const parts = partsOf(query);
    checkExportable(fn, parts);
    const archive = parts.code && fn.code.kind === 'archive' ? await this.archive(fn.code.digest) : undefined;
    const bytes = exportOf(fn, parts, archive);
    const disposition = `attachment; filename="${fn.name}.zip"`;
    return new StreamableFile(bytes, { type: 'application/zip', length: bytes.length, disposition });
  }

  /** Creates a function from an export, under the requested name. */
  @Operation(operations.import)
  @Post('fgs/functions/import')
  @HttpCode(200)
  async import(
    @Param('project') project: string,
    @CalledBy() caller: Caller,
    @Body(new ValidatedBody(ImportFunctionDto, { codes: importFieldCodes })) dto: ImportFunctionDto,
    @Req() request: FastifyRequest,
  ): Promise<Record<string, unknown>> {
    const { config, file } = await readExport(this.archives, request.file ?? decodedFile('file_code', dto.file_code));
    const body = { ...config, func_name: dto.func_name, package: dto.package ?? 'default' };
    const creation = validated(CreateFunctionDto, body, { codes: functionFieldCodes });
    return functionAnswer(await this.maker.make(creation, project, caller, file));
  }

  private async archive(digest: string): Promise<Buffer> {
    const bytes = await this.store.get(digest);
    if (bytes === undefined) throw new ApiError('FSS.0404', `the object store has no code ${digest.slice(0, 16)}…`);
    return bytes;
  }
}
