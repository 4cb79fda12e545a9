import { type DynamicModule, Module } from '@nestjs/common';
import { Sealer } from '#platform';
import { NamesModule } from '../names/names.module.ts';
import { SubscriptionLinksController } from './subscription-links.controller.ts';
import { SUBSCRIPTION_OPTIONS, SubscriptionsController, type SubscriptionOptions } from './subscriptions.controller.ts';
import { TopicMessages } from './topic-messages.ts';
import { TopicTagsController } from './topic-tags.controller.ts';
import { TopicsController } from './topics.controller.ts';

/** Topics (pub/sub), their subscriptions, and what is published to them. */
@Module({})
export class TopicsModule {
  /** @param sealer seals the secrets of webhooks, and opens the tokens in links. */
  static register({ webhookNetworks, confirmedBy }: SubscriptionOptions, sealer: Sealer): DynamicModule {
    return {
      module: TopicsModule,
      imports: [NamesModule],
      controllers: [TopicsController, TopicTagsController, SubscriptionsController, SubscriptionLinksController],
      providers: [
        TopicMessages,
        { provide: Sealer, useValue: sealer },
        { provide: SUBSCRIPTION_OPTIONS, useValue: { webhookNetworks, confirmedBy } },
      ],
    };
  }
}
