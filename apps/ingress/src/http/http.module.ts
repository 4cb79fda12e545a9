import { type DynamicModule, Global, Module } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { ApiErrorFilter } from './api-error.filter.ts';
import { OwnAddress } from './own-address.ts';

/** Settings of the {@link HttpModule}. */
export interface HttpModuleOptions {
  readonly publicUrl?: string;
}

/** Answers errors of all controllers in the form of the API, and knows the API's own address. */
@Global()
@Module({})
export class HttpModule {
  static register({ publicUrl }: HttpModuleOptions): DynamicModule {
    return {
      module: HttpModule,
      providers: [
        { provide: APP_FILTER, useClass: ApiErrorFilter },
        { provide: OwnAddress, useValue: new OwnAddress(publicUrl) },
      ],
      exports: [OwnAddress],
    };
  }
}
