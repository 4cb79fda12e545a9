/** The credentials with which the console calls the API. */
export type Credentials =
  | { readonly kind: 'token'; readonly token: string }
  | { readonly kind: 'key'; readonly accessKey: string; readonly secretKey: string };

/** A login: the credentials, and the project that they belong to. */
export interface Session {
  readonly credentials: Credentials;
  readonly project: string;
}

const storageKey = 'sendoff-session';

function isSession(value: unknown): value is Session {
  const { project, credentials } = (value ?? {}) as Partial<Session>;
  return typeof project === 'string' && (credentials?.kind === 'token' || credentials?.kind === 'key');
}

/**
 * Returns the login of this tab, or the one remembered on this device. Undefined if neither exists.
 */
export function storedSession(): Session | undefined {
  for (const storage of [sessionStorage, localStorage])
    try {
      const session: unknown = JSON.parse(storage.getItem(storageKey) ?? 'null');
      if (isSession(session)) return session;
    } catch {
      storage.removeItem(storageKey);
    }
  return undefined;
}

/** Keeps the login until the tab closes; on this device if the user asked for that. */
export function storeSession(session: Session, isRemembered: boolean): void {
  forgetSession();
  (isRemembered ? localStorage : sessionStorage).setItem(storageKey, JSON.stringify(session));
}

/** Removes the login from the tab and from the device. */
export function forgetSession(): void {
  sessionStorage.removeItem(storageKey);
  localStorage.removeItem(storageKey);
}
