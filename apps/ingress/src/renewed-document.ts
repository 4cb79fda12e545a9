import {
  credentialKey,
  type FunctionDocument,
  type RegistryDocument,
  type SubscriptionDocument,
  userDataOwner,
} from '#contracts';
import { type InstallationKeys, Sealer } from '#platform';

/**
 * Seals the secrets of a document anew, each with the key of its purpose. Earlier versions sealed
 * all of them under the platform key, which most services do not hold any more. A secret that
 * cannot be opened stays as it is.
 */
export function renewedDocument(document: RegistryDocument, keys: InstallationKeys): RegistryDocument {
  switch (document.kind) {
    case 'credential': {
      const renew = (secret: string) => resealed(keys.accessKeys, secret, credentialKey(document.accessKey));
      const { secret, previous } = document;
      const renewedPrevious = previous === undefined ? {} : { previous: { ...previous, secret: renew(previous.secret) } };
      return { ...document, secret: renew(secret), ...renewedPrevious };
    }
    case 'function':
      return renewedFunction(document, keys);
    case 'version':
      return { ...document, function: renewedFunction(document.function, keys) };
    case 'topic':
      return { ...document, subscriptions: document.subscriptions.map((one) => renewedSubscription(one, keys)) };
    default:
      return document;
  }
}

function renewedFunction(fn: FunctionDocument, keys: InstallationKeys): FunctionDocument {
  if (fn.sealedUserData === undefined) return fn;
  const values = Object.entries(fn.sealedUserData).map(
    ([name, text]) => [name, resealed(keys.functions, text, userDataOwner(fn.urn, name))] as const,
  );
  return { ...fn, sealedUserData: Object.fromEntries(values) };
}

function renewedSubscription(subscription: SubscriptionDocument, keys: InstallationKeys): SubscriptionDocument {
  const { secret, urn } = subscription;
  // The first versions stored the secret of a webhook as it is.
  const isOpen = secret.startsWith('whsec_');
  return {
    ...subscription,
    secret: isOpen ? keys.subscriptions.seal(secret, urn) : resealed(keys.subscriptions, secret, urn),
  };
}

function resealed(sealer: Sealer, sealed: string, owner: string): string {
  if (!Sealer.isOld(sealed)) return sealed;
  try {
    return sealer.seal(sealer.open(sealed, owner), owner);
  } catch {
    return sealed;
  }
}
