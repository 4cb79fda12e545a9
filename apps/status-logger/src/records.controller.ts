import { Body, Controller, ForbiddenException, Headers, HttpCode, Inject, Post, ValidationPipe } from '@nestjs/common';
import type { StatusPage } from '#contracts';
import { isSameSecret } from '#platform';
import { StatusQueryDto } from './status-query.dto.ts';
import type { StatusStore } from './status-store.ts';
import { STATUS_LOGGER_OPTIONS, STATUS_STORE, type StatusLoggerOptions } from './tokens.ts';

/** Answers questions of the ingress. Nobody else knows the secret. */
@Controller('internal/records')
export class RecordsController {
  constructor(
    @Inject(STATUS_STORE) private readonly store: StatusStore,
    @Inject(STATUS_LOGGER_OPTIONS) private readonly options: StatusLoggerOptions,
  ) {}

  @Post('query')
  @HttpCode(200)
  async query(
    @Headers('x-sendoff-internal') secret: string | undefined,
    @Body(new ValidationPipe({ transform: true, whitelist: true })) query: StatusQueryDto,
  ): Promise<StatusPage> {
    if (!isSameSecret(secret ?? '', this.options.internalToken)) throw new ForbiddenException();
    return this.store.query(query);
  }
}
