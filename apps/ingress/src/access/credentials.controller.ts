import { randomBytes } from 'node:crypto';
import { Body, Controller, Delete, Get, HttpCode, Inject, Param, Post } from '@nestjs/common';
import { type Access, type CredentialDocument, credentialKey, epochMs } from '#contracts';
import { accessOf, covers, isUnlimited, patternsByDefault } from '#lifecycle';
import { type Clock, CLOCK, Sealer } from '#platform';
import { Registry, RegistryWriter } from '#registry';
import { ApiError } from '../http/api-error.ts';
import { CalledBy, type Caller, wholeAccess } from './caller.ts';
import { CredentialDto, RotationDto } from './credential.dto.ts';
import { credentialOperations as operations } from './credentials.operations.ts';
import { rfc3339 } from '../http/instants.ts';
import { KeyRing } from './key-ring.ts';
import { Operation } from '../document/operation.ts';
import { ValidatedBody } from '../http/validated.ts';

/** The most access keys of a project. */
const credentialsMax = 1_000;
const accessKeyLength = 20;
const secretBytes = 30;

type Answer = Record<string, unknown>;

function credentialAnswer(document: CredentialDocument): Answer {
  const { accessKey, description, isEnabled, createdAt, rotatedAt, previous } = document;
  return {
    access_key: accessKey,
    description,
    ...accessOf(document),
    enabled: isEnabled,
    first: false,
    create_time: rfc3339(createdAt),
    ...(rotatedAt === undefined ? {} : { rotate_time: rfc3339(rotatedAt) }),
    ...(previous === undefined ? {} : { previous_secret_ends_at: rfc3339(previous.endsAt) }),
  };
}

/** Shows the access key of the configuration, which can be changed only there. */
function firstAnswer(accessKey: string): Answer {
  return { access_key: accessKey, description: 'of the configuration', ...wholeAccess, enabled: true, first: true };
}

/**
 * @throws ApiError FSS.0403 if the caller lacks a right or pattern that the key has: nobody may
 *   hand out, or take over, more than they hold.
 */
function checkCovers(caller: Caller, access: Access, what: string): void {
  if (covers(caller, access)) return;
  const { rights, functions, agencies, topics } = caller;
  const own = Object.entries({ functions, agencies, topics }).map(
    ([kind, patterns]) => `${kind} ${patterns.join(', ') || 'none'}`,
  );
  throw new ApiError('FSS.0403', `${what} more than yours, which may ${rights.join(', ')} for ${own.join('; ')}`);
}

/**
 * Whether a caller may know of a key. A limited caller knows of keys that may do no more than its
 * own key.
 */
function mayKnow(caller: Caller, access: Access): boolean {
  return isUnlimited(caller) || covers(caller, access);
}

function keyNotFound(accessKey: string): ApiError {
  return new ApiError('FSS.0404', `no access key ${accessKey.slice(0, 128)}`);
}

/**
 * An API of Sendoff itself: access keys for signed requests. A key has the rights to invoke, read
 * or manage, for all functions, agencies and topics or for some.
 *
 * A caller who changes a key must hold all that the key holds. Otherwise a caller could give a
 * stronger key a new secret, and use it. No operation changes the access of a key.
 */
@Controller('v2/:project/sendoff/credentials')
export class CredentialsController {
  constructor(
    @Inject(Registry) private readonly registry: Registry,
    @Inject(RegistryWriter) private readonly writer: RegistryWriter,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(Sealer) private readonly sealer: Sealer,
    @Inject(KeyRing) private readonly keys: KeyRing,
  ) {}

  /** Creates an access key. Only this answer shows the secret. */
  @Operation(operations.create)
  @Post()
  @HttpCode(201)
  async create(
    @Param('project') project: string,
    @CalledBy() caller: Caller,
    @Body(new ValidatedBody(CredentialDto, { rejectUnknown: true })) dto: CredentialDto,
  ): Promise<Answer> {
    const { description, rights, functions } = dto;
    const byDefault = patternsByDefault(functions);
    const access: Access = {
      rights: [...new Set(rights)],
      functions,
      agencies: dto.agencies ?? byDefault,
      topics: dto.topics ?? byDefault,
    };
    checkCovers(caller, access, 'the access key could do');
    const accessKey = randomBytes(accessKeyLength / 2)
      .toString('hex')
      .toUpperCase();
    const { secretKey, sealed } = this.newSecret(accessKey);
    const made: CredentialDocument = {
      kind: 'credential',
      accessKey,
      project,
      description,
      ...access,
      isEnabled: true,
      secret: sealed,
      createdAt: this.clock.now(),
    };
    await this.writer.mutate((registry) => {
      refuseAbove(registry.list('credential', project).length + 1);
      return { changes: [made], within: (after) => refuseAbove(after.list('credential', project).length) };
    });
    return { ...credentialAnswer(made), secret_key: secretKey };
  }

  @Operation(operations.list)
  @Get()
  list(@Param('project') project: string, @CalledBy() caller: Caller): Answer {
    const { firstAccessKey } = this.keys;
    const made = this.registry.list('credential', project).toSorted((a, b) => a.createdAt - b.createdAt);
    const others = made
      .filter((document) => document.accessKey !== firstAccessKey && mayKnow(caller, accessOf(document)))
      .map(credentialAnswer);
    const isFirstShown = firstAccessKey !== undefined && mayKnow(caller, wholeAccess);
    return { credentials: isFirstShown ? [firstAnswer(firstAccessKey), ...others] : others };
  }

  @Operation(operations.show)
  @Get(':accessKey')
  show(@Param('project') project: string, @Param('accessKey') accessKey: string, @CalledBy() caller: Caller): Answer {
    return this.isFirst(accessKey, caller)
      ? firstAnswer(accessKey)
      : credentialAnswer(this.find(this.registry, project, accessKey, caller));
  }

  @Operation(operations.disable)
  @Post(':accessKey/disable')
  @HttpCode(200)
  async disable(
    @Param('project') project: string,
    @Param('accessKey') accessKey: string,
    @CalledBy() caller: Caller,
  ): Promise<Answer> {
    return this.change(project, accessKey, caller, (document) => ({ ...document, isEnabled: false }));
  }

  @Operation(operations.enable)
  @Post(':accessKey/enable')
  @HttpCode(200)
  async enable(
    @Param('project') project: string,
    @Param('accessKey') accessKey: string,
    @CalledBy() caller: Caller,
  ): Promise<Answer> {
    return this.change(project, accessKey, caller, (document) => ({ ...document, isEnabled: true }));
  }

  /**
   * Replaces the secret. The old one stays valid for the time that the body asks for. Only this
   * answer shows the new one.
   */
  @Operation(operations.rotate)
  @Post(':accessKey/rotate')
  @HttpCode(200)
  async rotate(
    @Param('project') project: string,
    @Param('accessKey') accessKey: string,
    @CalledBy() caller: Caller,
    @Body(new ValidatedBody(RotationDto, { rejectUnknown: true, isOptional: true })) {
      grace_in_seconds: graceSeconds,
    }: RotationDto,
  ): Promise<Answer> {
    const { secretKey, sealed } = this.newSecret(accessKey);
    const answer = await this.change(project, accessKey, caller, ({ previous: _previous, ...document }) => {
      const now = this.clock.now();
      const previous = { secret: document.secret, endsAt: epochMs(now + graceSeconds * 1_000) };
      return { ...document, secret: sealed, rotatedAt: now, ...(graceSeconds === 0 ? {} : { previous }) };
    });
    return { ...answer, secret_key: secretKey };
  }

  @Operation(operations.remove)
  @Delete(':accessKey')
  @HttpCode(204)
  async remove(
    @Param('project') project: string,
    @Param('accessKey') accessKey: string,
    @CalledBy() caller: Caller,
  ): Promise<void> {
    await this.writer.mutate((registry) => {
      this.findChangeable(registry, project, accessKey, caller);
      return { changes: [{ delete: credentialKey(accessKey) }] };
    });
  }

  private newSecret(accessKey: string): { readonly secretKey: string; readonly sealed: string } {
    const secretKey = randomBytes(secretBytes).toString('base64url');
    return { secretKey, sealed: this.sealer.seal(secretKey, credentialKey(accessKey)) };
  }

  private async change(
    project: string,
    accessKey: string,
    caller: Caller,
    changed: (document: CredentialDocument) => CredentialDocument,
  ): Promise<Answer> {
    return this.writer.mutate((registry) => {
      const document = changed(this.findChangeable(registry, project, accessKey, caller));
      return { changes: [document], answer: credentialAnswer(document) };
    });
  }

  /**
   * Whether a key is the first one.
   * @throws ApiError FSS.0404 if it is, and the caller may not know of it.
   */
  private isFirst(accessKey: string, caller: Caller): boolean {
    if (accessKey !== this.keys.firstAccessKey) return false;
    if (!mayKnow(caller, wholeAccess)) throw keyNotFound(accessKey);
    return true;
  }

  /** @throws ApiError FSS.0404 if no such key exists, or the caller may not know of it. */
  private find(registry: Registry, project: string, accessKey: string, caller: Caller): CredentialDocument {
    const document = registry.credential(accessKey);
    if (document === undefined || document.project !== project || !mayKnow(caller, accessOf(document)))
      throw keyNotFound(accessKey);
    return document;
  }

  private findChangeable(registry: Registry, project: string, accessKey: string, caller: Caller): CredentialDocument {
    if (this.isFirst(accessKey, caller))
      throw new ApiError(
        'FSS.0403',
        'the first access key is changed where it is set, by SENDOFF_ACCESS_KEY and SENDOFF_SECRET_KEY',
      );
    const document = this.find(registry, project, accessKey, caller);
    checkCovers(caller, accessOf(document), 'the access key can do');
    return document;
  }
}

/** @param count access keys of a project. @throws ApiError FSS.0400. */
function refuseAbove(count: number): void {
  if (count > credentialsMax)
    throw new ApiError('FSS.0400', `a project may have ${credentialsMax} access keys: delete those nobody uses`);
}
