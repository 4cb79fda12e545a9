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

/**
 * Asynchronous configurations of functions, and the agencies, buckets and streams that they name.
 */
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
          useFactory: (writer: RegistryWriter, home: Home) => new AgenciesFile(agenciesFile, writer, home),
          inject: [RegistryWriter, HOME],
        },
      ],
    };
  }
}
