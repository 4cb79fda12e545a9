import { randomUUID } from 'node:crypto';

/** Returns 32 random hexadecimal digits, the form of message and subscription ids. */
export function randomId(): string {
  return randomUUID().replaceAll('-', '');
}
