import { type DynamicModule, Global, Inject, Module, type OnApplicationShutdown } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { ArchiveReader } from '#objects';
import { ApiErrorFilter } from './api-error.filter.ts';
import { OwnAddress } from './own-address.ts';

/** Settings of the {@link HttpModule}. */
export interface HttpModuleOptions {
  readonly publicUrl?: string;
}

/** Answers errors of all controllers in the form of the API, and knows the API's own address. */
@Global()
@Module({})
export class HttpModule implements OnApplicationShutdown {
  constructor(@Inject(ArchiveReader) private readonly archives: ArchiveReader) {}

  static register({ publicUrl }: HttpModuleOptions): DynamicModule {
    return {
      module: HttpModule,
      providers: [
        { provide: APP_FILTER, useClass: ApiErrorFilter },
        ArchiveReader,
        { provide: OwnAddress, useValue: new OwnAddress(publicUrl) },
      ],
      exports: [ArchiveReader, OwnAddress],
    };
  }

  async onApplicationShutdown(): Promise<void> {
    await this.archives.close();
  }
}
