import type { EpochMs } from '#contracts';
import type { Sealer } from './sealer.ts';

/** The action that a token allows. */
export type TokenPurpose = 'confirm' | 'unsubscribe';

const tokenLengthMax = 512;

/**
 * Tokens for the confirm and unsubscribe links: `<subscription id>.<sealed expiry>`. Tokens are not
 * stored. They cannot be forged without the platform key, and a token for another subscription or
 * purpose does not open.
 */
export class SubscriptionTokens {
  constructor(private readonly sealer: Sealer) {}

  /** @param expiresAt the token is invalid from this instant on. Absent if it never expires. */
  issue(purpose: TokenPurpose, subscriptionUrn: string, expiresAt?: EpochMs): string {
    const id = subscriptionUrn.slice(subscriptionUrn.lastIndexOf(':') + 1);
    return `${id}.${this.sealer.seal(String(expiresAt ?? ''), `${purpose} ${subscriptionUrn}`)}`;
  }

  /**
   * @returns the URN of the token's subscription; undefined if the token is forged, expired, or for
   *   another topic or purpose.
   */
  read(token: string, purpose: TokenPurpose, topicUrn: string, now: EpochMs): string | undefined {
    const at = token.indexOf('.');
    if (at === -1 || token.length > tokenLengthMax) return undefined;
    const subscriptionUrn = `${topicUrn}:${token.slice(0, at)}`;
    try {
      const expiresAt = this.sealer.open(token.slice(at + 1), `${purpose} ${subscriptionUrn}`);
      return expiresAt === '' || now < Number(expiresAt) ? subscriptionUrn : undefined;
    } catch {
      return undefined;
    }
  }
}
