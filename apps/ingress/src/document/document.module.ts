import { Module } from '@nestjs/common';
import { ApiDocument } from './api-document.ts';

/** Describes the operations of all folders to clients. */
@Module({ providers: [ApiDocument], exports: [ApiDocument] })
export class DocumentModule {}
