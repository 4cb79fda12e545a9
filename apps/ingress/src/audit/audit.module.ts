import { Module } from '@nestjs/common';
import { APP_INTERCEPTOR } from '@nestjs/core';
import { AuditController } from './audit.controller.ts';
import { AuditInterceptor } from './audit.interceptor.ts';
import { AuditLog } from './audit-log.ts';

/** Writes down who changed what. */
@Module({ controllers: [AuditController], providers: [AuditLog, { provide: APP_INTERCEPTOR, useClass: AuditInterceptor }] })
export class AuditModule {}
