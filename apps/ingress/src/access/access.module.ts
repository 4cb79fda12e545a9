import { type DynamicModule, Module } from '@nestjs/common';
import { type Clock, CLOCK, LOGGER, type Logger, Sealer } from '#platform';
import { Registry } from '#registry';
import { type Home, HOME } from '../names/home.ts';
import { type Authenticator, AUTHENTICATORS, TokenAuthenticator } from './authenticator.ts';
import { CredentialsController } from './credentials.controller.ts';
import { EndedKeys } from './ended-keys.ts';
import { IamController } from './iam.controller.ts';
import { type FirstKey, KeyRing } from './key-ring.ts';
import { SignatureAuthenticator } from './signature-authenticator.ts';

/** The credentials that the configuration brings. */
export interface AccessOptions {
  readonly token: string;
  readonly accessKey?: string;
  readonly secretKey?: string;
}

function firstKeyOf({ accessKey, secretKey }: AccessOptions, { project }: Home): FirstKey | undefined {
  return accessKey === undefined || secretKey === undefined ? undefined : { accessKey, secretKey, project };
}

/** Knows who calls: tokens, access keys and their rights, and what clients ask of IAM. */
@Module({})
export class AccessModule {
  /** @param sealer seals the secrets of access keys. */
  static register(options: AccessOptions, sealer: Sealer): DynamicModule {
    return {
      module: AccessModule,
      global: true,
      controllers: [CredentialsController, IamController],
      providers: [
        { provide: Sealer, useValue: sealer },
        {
          provide: KeyRing,
          useFactory: (registry: Registry, sealer: Sealer, logger: Logger, home: Home) =>
            new KeyRing({ registry, sealer, logger, first: firstKeyOf(options, home) }),
          inject: [Registry, Sealer, LOGGER, HOME],
        },
        EndedKeys,
        {
          provide: AUTHENTICATORS,
          useFactory: (keys: KeyRing, clock: Clock, { project }: Home): readonly Authenticator[] => [
            new TokenAuthenticator(options.token, project),
            new SignatureAuthenticator(keys, clock),
          ],
          inject: [KeyRing, CLOCK, HOME],
        },
      ],
      exports: [EndedKeys],
    };
  }
}
