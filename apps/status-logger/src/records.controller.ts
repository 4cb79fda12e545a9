import {
  BadRequestException,
  Body,
  type CanActivate,
  Controller,
  type ExecutionContext,
  HttpCode,
  Inject,
  Injectable,
  type PipeTransform,
  Post,
  UseGuards,
} from '@nestjs/common';
import { validateSync } from 'class-validator';
import {
  type InvocationHistory,
  type InvocationSearchPage,
  type LivePage,
  type NoticePage,
  PlatformError,
  type StatusPage,
  type TargetPage,
} from '#contracts';
import { InternalTokenCheck, internalTokenHeader } from '#platform';
import { FindInvocationDto, InvocationSearchDto, LiveQueryDto } from './invocation-search.dto.ts';
import { NoticeQueryDto, TargetQueryDto } from './notice-query.dto.ts';
import type { RecentTransitions } from './recent-transitions.ts';
import { StatusQueryDto } from './status-query.dto.ts';
import type { StatusStore } from './status-store.ts';
import { CATCH_UP, RECENT_TRANSITIONS, STATUS_STORE } from './tokens.ts';

/**
 * Waits until the store holds what the work topics held at the call, for `timeoutMs` at most.
 * @returns false if it does not hold all of it.
 */
export type CatchUp = (timeoutMs: number) => Promise<boolean>;

/**
 * Refuses questions while records cannot be stored: an answer would miss what was accepted since.
 * @throws PlatformError `STORE_UNAVAILABLE`, from the function that it returns.
 */
export function whileStoring(recorder: { readonly isStoring: boolean }, catchUp: CatchUp): CatchUp {
  const check = () => {
    if (!recorder.isStoring) throw new PlatformError('STORE_UNAVAILABLE');
  };
  return async (timeoutMs) => {
    check();
    const isCaughtUp = await catchUp(timeoutMs);
    // The records that it waited for may be those that could not be stored.
    check();
    return isCaughtUp;
  };
}

/**
 * After this time a question is answered with what the store holds, in milliseconds. The ingress
 * waits 5 s for an answer. With 1 s, lists on a busy machine lacked what was accepted before them:
 * 5 of 100, while another process kept the records.
 */
export const catchUpMsMax = 2_500;

/**
 * Lets only the ingress pass, which sends an internal token. Guards run before pipes, so other
 * bodies are not validated.
 */
@Injectable()
export class IngressGuard implements CanActivate {
  constructor(@Inject(InternalTokenCheck) private readonly tokens: InternalTokenCheck) {}

  canActivate(context: ExecutionContext): boolean {
    return this.tokens.isValid(context.switchToHttp().getRequest().headers[internalTokenHeader]);
  }
}

/** A question has fewer fields. */
const fieldsMax = 20;

/** Checks a question. ValidationPipe of NestJS would cost the square of the number of fields. */
export class ReadQuestion<Question extends object> implements PipeTransform<unknown, Question> {
  constructor(private readonly of: new () => Question) {}

  transform(body: unknown): Question {
    if (typeof body !== 'object' || body === null || Object.keys(body).length > fieldsMax)
      throw new BadRequestException(`the body must be an object of at most ${fieldsMax} fields`);
    const query = Object.assign(new this.of(), body);
    const faults = validateSync(query, { whitelist: true }).flatMap(({ constraints = {} }) => Object.values(constraints));
    if (faults.length > 0) throw new BadRequestException(faults);
    return query;
  }
}

/** Answers the ingress, which lists invocations for its callers. */
@UseGuards(IngressGuard)
@Controller('internal/records')
export class RecordsController {
  constructor(
    @Inject(STATUS_STORE) private readonly store: StatusStore,
    @Inject(CATCH_UP) private readonly catchUp: CatchUp,
    @Inject(RECENT_TRANSITIONS) private readonly recent: Pick<RecentTransitions, 'after'>,
  ) {}

  @Post('query')
  @HttpCode(200)
  async query(@Body(new ReadQuestion(StatusQueryDto)) query: StatusQueryDto): Promise<StatusPage> {
    // A caller that has its 202 finds its invocation, unless this process is far behind.
    const isCaughtUp = await this.catchUp(catchUpMsMax);
    const page = await this.store.query(query);
    return isCaughtUp ? page : { ...page, isBehind: true };
  }

  @Post('notices')
  @HttpCode(200)
  async notices(@Body(new ReadQuestion(NoticeQueryDto)) query: NoticeQueryDto): Promise<NoticePage> {
    await this.catchUp(catchUpMsMax);
    return this.store.notices(query);
  }

  @Post('targets')
  @HttpCode(200)
  async targets(@Body(new ReadQuestion(TargetQueryDto)) query: TargetQueryDto): Promise<TargetPage> {
    return this.store.targets(query);
  }

  @Post('search')
  @HttpCode(200)
  async search(@Body(new ReadQuestion(InvocationSearchDto)) search: InvocationSearchDto): Promise<InvocationSearchPage> {
    await this.catchUp(catchUpMsMax);
    return this.store.search(search);
  }

  @Post('transitions')
  @HttpCode(200)
  transitions(@Body(new ReadQuestion(LiveQueryDto)) query: LiveQueryDto): LivePage {
    return this.recent.after(query);
  }

  /** The record is absent if the project has none of this request id. */
  @Post('find')
  @HttpCode(200)
  async find(
    @Body(new ReadQuestion(FindInvocationDto)) { project, requestId }: FindInvocationDto,
  ): Promise<Partial<InvocationHistory>> {
    await this.catchUp(catchUpMsMax);
    const found = await this.store.find(project, requestId);
    if (found === undefined) return {};
    const { stage: _stage, places: _places, failureRoute: _route, history, expiresAt, ...record } = found;
    return { record, history, ...(expiresAt === undefined ? {} : { expiresAt }) };
  }
}
