import { randomBytes } from 'node:crypto';
import { Body, Controller, Delete, Get, HttpCode, Inject, Param, Post } from '@nestjs/common';
import { type Access, type CredentialDocument, credentialKey, epochMs } from '#contracts';
import { covers } from '#lifecycle';
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
  const { accessKey, description, rights, functions, isEnabled, createdAt, rotatedAt, previous } = document;
  return {
    access_key: accessKey,
    description,
    rights,
    functions,
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
 * @throws ApiError FSS.0403 if the caller lacks a right or function that the key has: nobody may
 *   hand out, or take over, more than they hold.
 */
function checkCovers(caller: Caller, access: Access, what: string): void {
  if (covers(caller, access)) return;
  const { rights, functions } = caller;
  throw new ApiError('FSS.0403', `${what} more than yours, which may ${rights.join(', ')} functions ${functions.join(', ')}`);
}

/**
 * An API of Sendoff itself: access keys for signed requests, with the rights to invoke, read or
 * manage, for all functions or for some.
 *
 * A caller who changes a key must hold all that the key holds. Otherwise a caller could give a
 * stronger key a new secret, and use it.
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
    @Body(new ValidatedBody(CredentialDto, { rejectUnknown: true })) { description, rights, functions }: CredentialDto,
  ): Promise<Answer> {
    checkCovers(caller, { rights, functions }, 'the access key could do');
    const accessKey = randomBytes(accessKeyLength / 2)
      .toString('hex')
      .toUpperCase();
    const { secretKey, sealed } = this.newSecret(accessKey);
    const made: CredentialDocument = {
      kind: 'credential',
      accessKey,
      project,
      description,
      rights: [...new Set(rights)],
      functions,
      isEnabled: true,
      secret: sealed,
      createdAt: this.clock.now(),
    };
    await this.writer.mutate((registry) => {
      if (registry.list('credential', project).length >= credentialsMax)
        throw new ApiError('FSS.0400', `a project may have ${credentialsMax} access keys: delete those nobody uses`);
      return { changes: [made] };
    });
    return { ...credentialAnswer(made), secret_key: secretKey };
  }

  @Operation(operations.list)
  @Get()
  list(@Param('project') project: string): Answer {
    const { firstAccessKey } = this.keys;
    const made = this.registry.list('credential', project).toSorted((a, b) => a.createdAt - b.createdAt);
    const others = made.filter(({ accessKey }) => accessKey !== firstAccessKey).map(credentialAnswer);
    return { credentials: firstAccessKey === undefined ? others : [firstAnswer(firstAccessKey), ...others] };
  }

  @Operation(operations.show)
  @Get(':accessKey')
  show(@Param('project') project: string, @Param('accessKey') accessKey: string): Answer {
    return accessKey === this.keys.firstAccessKey
      ? firstAnswer(accessKey)
      : credentialAnswer(this.find(this.registry, project, accessKey));
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

  private find(registry: Registry, project: string, accessKey: string): CredentialDocument {
    const document = registry.credential(accessKey);
    if (document === undefined || document.project !== project)
      throw new ApiError('FSS.0404', `no access key ${accessKey.slice(0, 128)}`);
    return document;
  }

  private findChangeable(registry: Registry, project: string, accessKey: string, caller: Caller): CredentialDocument {
    if (accessKey === this.keys.firstAccessKey)
      throw new ApiError(
        'FSS.0403',
        'the first access key is changed where it is set, by SENDOFF_ACCESS_KEY and SENDOFF_SECRET_KEY',
      );
    const document = this.find(registry, project, accessKey);
    checkCovers(caller, document, 'the access key can do');
    return document;
  }
}
