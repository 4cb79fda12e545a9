import { type DynamicModule, Module } from '@nestjs/common';
import type { InstallationKeys } from '#platform';
import { AccessModule } from './access/access.module.ts';
import { AuditModule } from './audit/audit.module.ts';
import { ContentsModule } from './contents/contents.module.ts';
import { DocumentModule } from './document/document.module.ts';
import { FunctionsModule } from './functions/functions.module.ts';
import { HistoryModule } from './history/history.module.ts';
import { HttpModule } from './http/http.module.ts';
import type { IngressConfig } from './ingress.config.ts';
import { type Installation, InstallationModule } from './installation.module.ts';
import { InvocationsModule } from './invocations/invocations.module.ts';
import { PoliciesModule } from './policies/policies.module.ts';
import { RecordsModule } from './records/records.module.ts';
import { RedrivesModule } from './redrives/redrives.module.ts';
import { SteeringModule } from './steering/steering.module.ts';
import { TopicsModule } from './topics/topics.module.ts';

/**
 * The ingress accepts: it is the API, and the Kafka door. Each folder gets only the key with which
 * it seals.
 */
@Module({})
export class IngressModule {
  static register(config: IngressConfig, installation: Installation, keys: InstallationKeys): DynamicModule {
    const invocations = InvocationsModule.register(config);
    return {
      module: IngressModule,
      imports: [
        InstallationModule.register(installation),
        HttpModule.register(config),
        DocumentModule,
        // RecordsModule comes before FunctionsModule: paths of the status log stand where a
        // function's URN is expected.
        RecordsModule,
        FunctionsModule.register(config, keys.functions),
        AccessModule.register(config, keys.accessKeys),
        // Its fixed paths come before those of buckets and streams: these begin with a parameter.
        HistoryModule.register(invocations),
        RedrivesModule.register(invocations),
        AuditModule,
        ContentsModule,
        PoliciesModule.register(config),
        TopicsModule.register(config, keys.subscriptions),
        invocations,
        SteeringModule,
      ],
    };
  }
}
