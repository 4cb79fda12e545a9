/**
 * The promises of a gateway, checked the same way for the brokers and for their in-memory twin.
 * Each test creates topics of its own. Nothing sleeps: tests wait for events, with a deadline.
 */
import { describe, expect, it } from 'vitest';
import { adminConformance } from './admin.conformance.ts';
import { ClusterTools, type ClusterUnderTest } from './cluster-tools.conformance.ts';
import { consumerConformance } from './consumer.conformance.ts';
import { followerConformance } from './follower.conformance.ts';
import { metricsConformance } from './metrics.conformance.ts';
import { publisherConformance } from './publisher.conformance.ts';

/** Runs the suite. */
export function kafkaConformance(title: string, open: () => Promise<ClusterUnderTest>): void {
  describe(title, () => {
    const tools = new ClusterTools(open);
    publisherConformance(tools);
    consumerConformance(tools);
    followerConformance(tools);
    metricsConformance(tools);
    adminConformance(tools);

    it('is connected', () => expect(tools.gateway.isConnected()).toBe(true));
  });
}
