/**
 * Makes the Secret of an installation in Kubernetes: keys, first credentials and passwords. Runs in
 * a pod, before each installation and upgrade. It adds what is missing, and replaces nothing.
 */
import 'reflect-metadata';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { indentedLines, PlatformError } from '#contracts';
import { configInvalidExitCode, loadConfig } from '#platform';
import { completeSecret } from './complete-secret.ts';
import { SecretInCluster } from './secret-in-cluster.ts';
import { SecretsConfig } from './secrets.config.ts';

/** Kubernetes gives the account of the pod here. */
const accountFolder = '/var/run/secrets/kubernetes.io/serviceaccount';
const accountFile = async (name: string) => (await readFile(join(accountFolder, name), 'utf8')).trim();

try {
  const { host, port, secretName: name } = loadConfig(SecretsConfig);
  const url = `https://${host.includes(':') ? `[${host}]` : host}:${port}`;
  const [token, namespace] = await Promise.all([accountFile('token'), accountFile('namespace')]);
  const added = Object.keys(await completeSecret(new SecretInCluster({ url, token, namespace, name })));
  process.stdout.write(`the Secret ${name} is complete${added.length === 0 ? '' : `; added ${added.join(', ')}`}\n`);
} catch (error) {
  process.stderr.write(`secrets: ${error instanceof PlatformError ? error.message : indentedLines(String(error))}\n`);
  process.exitCode = error instanceof PlatformError && error.code === 'CONFIG_INVALID' ? configInvalidExitCode : 1;
}
