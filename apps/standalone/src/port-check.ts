import { createServer } from 'node:net';
import { PlatformError } from '#contracts';

/** Errors of the system for a host that is no address of this machine. */
const hostErrors = new Set(['ENOTFOUND', 'EADDRNOTAVAIL', 'EAI_AGAIN', 'EAFNOSUPPORT', 'EINVAL']);

function adviceFor({ code = '', message }: NodeJS.ErrnoException): string {
  if (code === 'EADDRINUSE') return 'stop the process that uses the port, or set SENDOFF_PORT (0 = any free port)';
  if (code === 'EACCES') return 'this user may not use the port; set SENDOFF_PORT to one from 1024 on';
  if (hostErrors.has(code)) return 'set SENDOFF_HOST to an address of this machine, as 127.0.0.1, :: or 0.0.0.0';
  return message;
}

/**
 * Fails early, before a broker is started.
 * @throws PlatformError `CONFIG_INVALID` if the port cannot be listened on.
 */
export async function assertPortIsFree(host: string, port: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const probe = createServer();
    probe.once('error', (cause) => {
      const reason = `cannot listen on ${host}:${port}: ${adviceFor(cause)}`;
      reject(new PlatformError('CONFIG_INVALID', { details: { reason }, cause }));
    });
    probe.listen(port, host, () => probe.close(() => resolve()));
  });
}
