import { type DynamicModule, Module } from '@nestjs/common';
import { RegistryWriter } from '#registry';
import { type Home, HOME } from '../names/home.ts';
import { NamesModule } from '../names/names.module.ts';
import { AgenciesFile } from './agencies-file.ts';
import { PlacesController } from './places.controller.ts';
import { PoliciesController } from './policies.controller.ts';

/** Settings of the {@link PoliciesModule}. */
export interface PoliciesOptions {
  readonly agenciesFile?: string;
}

/** What becomes of an invocation after its end: asynchronous configurations, and the agencies and places they may name. */
@Module({})
export class PoliciesModule {
  static register({ agenciesFile }: PoliciesOptions): DynamicModule {
    return {
      module: PoliciesModule,
      imports: [NamesModule],
      controllers: [PoliciesController, PlacesController],
      providers: [
        {
          provide: AgenciesFile,
          useFactory: (writer: RegistryWriter, { project }: Home) => new AgenciesFile(agenciesFile, writer, project),
          inject: [RegistryWriter, HOME],
        },
      ],
    };
  }
}
