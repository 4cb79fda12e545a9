import type { EpochMs } from '#contracts';
import type { Sealer } from './sealer.ts';

/** What the bearer of a token may do. */
export type TokenPurpose = 'confirm' | 'unsubscribe';

const lengthMax = 512;

/**
 * Tokens for the links that a subscriber is sent: `<subscription id>.<sealed end>`. Nothing is kept of them: who cannot seal under the
 * platform key can make none, and one for another subscription or purpose does not open.
 */
export class SubscriptionTokens {
  constructor(private readonly sealer: Sealer) {}

  /** @param expiresAt from here on the token is worth nothing; absent: never. */
  issue(purpose: TokenPurpose, subscriptionUrn: string, expiresAt?: EpochMs): string {
    const id = subscriptionUrn.slice(subscriptionUrn.lastIndexOf(':') + 1);
    return `${id}.${this.sealer.seal(String(expiresAt ?? ''), `${purpose} ${subscriptionUrn}`)}`;
  }

  /** @returns the URN of the subscription a token is for; undefined where the token is not ours, for another topic or purpose, or past its end. */
  read(token: string, purpose: TokenPurpose, topicUrn: string, now: EpochMs): string | undefined {
    const at = token.indexOf('.');
    if (at === -1 || token.length > lengthMax) return undefined;
    const subscriptionUrn = `${topicUrn}:${token.slice(0, at)}`;
    try {
      const expiresAt = this.sealer.open(token.slice(at + 1), `${purpose} ${subscriptionUrn}`);
      return expiresAt === '' || now < Number(expiresAt) ? subscriptionUrn : undefined;
    } catch {
      return undefined;
    }
  }
}
