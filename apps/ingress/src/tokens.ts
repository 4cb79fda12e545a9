/** Injection token of the registry's copy. */
export const REGISTRY = Symbol('registry');
/** Injection token of the registry's writer. */
export const REGISTRY_WRITER = Symbol('registry writer');
/** Injection token of the names of functions. */
export const FUNCTION_NAMES = Symbol('function names');
/** Injection token of what accepts invocations. */
export const ACCEPTOR = Symbol('acceptor');
/** Injection token of what cancels invocations. */
export const CANCELLER = Symbol('canceller');
/** Injection token of where records are asked for. */
export const STATUS_RECORDS = Symbol('status records');
/** Injection token of the names of topics. */
export const TOPIC_NAMES = Symbol('topic names');
/** Injection token of what hands messages to the notifier. */
export const TOPIC_MESSAGES = Symbol('topic messages');
/** Injection token of the store that keeps code. */
export const CODE_STORE = Symbol('code store');
/** Injection token of what takes code in. */
export const CODE_INTAKE = Symbol('code intake');
/** Injection token of what seals secrets. */
export const SEALER = Symbol('sealer');
/** Injection token of this service's options. */
export const INGRESS_OPTIONS = Symbol('ingress options');

/** What the controllers must know. */
export interface IngressOptions {
  readonly region: string;
  readonly project: string;
  /** The access key of the configuration, where it brings one. */
  readonly firstAccessKey: string | undefined;
  /** Of all topic names. */
  readonly topicPrefix: string;
  /** CIDR blocks that webhooks may reach though they are not public. */
  readonly webhookNetworks: readonly string[];
  /** Who confirms a webhook's subscription: who adds it, at once, or who is behind its endpoint. */
  readonly confirmedBy: 'caller' | 'endpoint';
  /** Where clients reach the API; undefined where nobody said, and they are told the address they asked at. */
  readonly publicUrl: string | undefined;
}
