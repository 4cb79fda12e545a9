import { type DynamicModule, Inject, Module, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { AllowedNetworks, type FunctionNetworkSettings, Sealer } from '#platform';
import { Registry } from '#registry';
import { HOME, type Home } from '../names/home.ts';
import { LogsController } from './logs/logs.controller.ts';
import { NamesModule } from '../names/names.module.ts';
import { UnsupportedFeaturesController } from './unsupported-features.controller.ts';
import { CallSecretsController } from './code/call-secrets.controller.ts';
import { ArchivesController } from './code/archives.controller.ts';
import { CODE_QUOTA, CodeQuota } from './code/code-quota.ts';
import { CodeSweep } from './code/code-sweep.ts';
import { ExportsController } from './code/exports.controller.ts';
import { CodeIntake, FUNCTION_NETWORKS } from './code/function-code.ts';
import { FunctionMaker, FUNCTIONS_OPTIONS, type FunctionsOptions } from './function-maker.ts';
import { FunctionsController } from './functions.controller.ts';
import { ReservedInstancesController } from './reserved-instances.controller.ts';
import { TagsController } from './tags.controller.ts';
import { AliasesController } from './versions/aliases.controller.ts';
import { VersionsController } from './versions/versions.controller.ts';

/** Settings of the functions of a project. */
export type FunctionsSettings = FunctionsOptions & FunctionNetworkSettings & { readonly codeBytesMax: number };

/** Functions with their code, versions, aliases and tags. */
@Module({})
export class FunctionsModule implements OnModuleInit, OnApplicationShutdown {
  constructor(@Inject(CodeSweep) private readonly sweep: CodeSweep) {}

  /** @param sealer seals encrypted user data, and makes call secrets. */
  static register(settings: FunctionsSettings, sealer: Sealer): DynamicModule {
    const { functionsMax, functionNetworks, functionNetworksDenied, codeBytesMax } = settings;
    return {
      module: FunctionsModule,
      imports: [NamesModule],
      // ReservedInstancesController must come first: its paths have `reservedinstances` at the
      // place of the URN in the paths of FunctionsController.
      controllers: [
        ReservedInstancesController,
        FunctionsController,
        VersionsController,
        AliasesController,
        ArchivesController,
        ExportsController,
        CallSecretsController,
        LogsController,
        TagsController,
        UnsupportedFeaturesController,
      ],
      providers: [
        CodeIntake,
        CodeSweep,
        FunctionMaker,
        { provide: Sealer, useValue: sealer },
        { provide: FUNCTIONS_OPTIONS, useValue: { functionsMax } },
        {
          provide: CODE_QUOTA,
          inject: [Registry, HOME],
          useFactory: (registry: Registry, { project }: Home) => new CodeQuota(registry, project, codeBytesMax),
        },
        { provide: FUNCTION_NETWORKS, useValue: new AllowedNetworks(functionNetworks, functionNetworksDenied) },
      ],
    };
  }

  onModuleInit(): void {
    this.sweep.start();
  }

  onApplicationShutdown(): void {
    this.sweep.close();
  }
}
