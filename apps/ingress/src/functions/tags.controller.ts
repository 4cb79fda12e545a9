import { Body, Controller, Delete, Get, HttpCode, Inject, Param, Post } from '@nestjs/common';
import { formatBareUrn } from '#contracts';
import { RegistryWriter } from '#registry';
import { ApiError } from '../http/api-error.ts';
import { FunctionNames } from '../names/function-names.ts';
import { tagList, type Tags, tagsOf } from './function-tags.ts';
import { Operation } from '../document/operation.ts';
import { TagsDto, tagsMax } from './tags.dto.ts';
import { tagOperations as operations } from './tags.operations.ts';
import { ValidatedBody } from '../http/validated.ts';

/**
 * Tags of functions. All versions share them, and they change no behaviour.
 * @see FunctionGraph API, tag management
 */
@Controller('v2/:project/functions/:urn/tags')
export class TagsController {
  constructor(
    @Inject(RegistryWriter) private readonly writer: RegistryWriter,
    @Inject(FunctionNames) private readonly names: FunctionNames,
  ) {}

  @Operation(operations.list)
  @Get()
  list(@Param('project') project: string, @Param('urn') urn: string): Record<string, unknown> {
    const { urn: named } = this.names.find(urn, project);
    const { tags = {} } = this.names.find(formatBareUrn(named), project).function;
    return { tags: tagList(tags), sys_tags: [] };
  }

  @Operation(operations.add)
  @Post('create')
  @HttpCode(204)
  async add(
    @Param('project') project: string,
    @Param('urn') urn: string,
    @Body(new ValidatedBody(TagsDto)) { tags }: TagsDto,
  ): Promise<void> {
    await this.change(project, urn, (before) => {
      const after = { ...before, ...tagsOf(tags) };
      if (Object.keys(after).length > tagsMax) throw new ApiError('FSS.0400', `a function may have ${tagsMax} tags at most`);
      return after;
    });
  }

  @Operation(operations.remove)
  @Delete('delete')
  @HttpCode(204)
  async remove(
    @Param('project') project: string,
    @Param('urn') urn: string,
    @Body(new ValidatedBody(TagsDto)) { tags }: TagsDto,
  ): Promise<void> {
    const removed = new Set(tags.map(({ key }) => key));
    await this.change(project, urn, (before) => Object.fromEntries(Object.entries(before).filter(([key]) => !removed.has(key))));
  }

  /** Leaves `modifiedAt` as it is, so that executors keep their instances. */
  private async change(project: string, urn: string, changed: (before: Tags) => Tags): Promise<void> {
    await this.writer.mutate(() => {
      const { function: fn } = this.names.findLatest(urn, project);
      return { changes: [{ ...fn, tags: changed(fn.tags ?? {}) }] };
    });
  }
}
