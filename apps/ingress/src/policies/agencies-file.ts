import { readFile } from 'node:fs/promises';
import type { OnModuleInit } from '@nestjs/common';
import { type AgencyDocument, PlatformError } from '#contracts';
import type { RegistryWriter } from '#registry';
import type { Home } from '../names/home.ts';
import { checkAgencyName } from '../names/place-names.ts';
import { checkGrants } from './check-grants.ts';
import { AgencyDto } from './places.dto.ts';
import { validated } from '../http/validated.ts';

/** Creates the agencies of a file at the start, unless the registry has one of that name. */
export class AgenciesFile implements OnModuleInit {
  constructor(
    private readonly file: string | undefined,
    private readonly writer: RegistryWriter,
    private readonly home: Home,
  ) {}

  /**
   * @throws PlatformError `CONFIG_INVALID` if the file is not of the form that {@link agenciesOf}
   *   reads.
   */
  async onModuleInit(): Promise<void> {
    const { file, home } = this;
    if (file === undefined) return;
    const agencies = await agenciesOf(file, home);
    await this.writer.mutate((registry) => ({
      changes: agencies.filter(({ name }) => registry.agency(home.project, name) === undefined),
    }));
  }
}

/**
 * Reads the agencies of a file: `{"<name>": {"grants": [{"type": "OBS", "resource": "*"}]}}`.
 * @throws PlatformError `CONFIG_INVALID` if the file is malformed.
 */
export async function agenciesOf(file: string, home: Home): Promise<readonly AgencyDocument[]> {
  try {
    const agencies = JSON.parse(await readFile(file, 'utf8')) as unknown;
    if (typeof agencies !== 'object' || agencies === null || Array.isArray(agencies))
      throw new Error('it must hold a JSON object, with the names of agencies as its fields');
    return Object.entries(agencies).map(([name, body]) => {
      checkAgencyName(name);
      const { grants } = validated(AgencyDto, body, { rejectUnknown: true });
      checkGrants(grants, home);
      return { kind: 'agency', project: home.project, name, grants: grants.map(({ type, resource }) => ({ type, resource })) };
    });
  } catch (cause) {
    throw new PlatformError('CONFIG_INVALID', {
      details: { reason: `SENDOFF_AGENCIES_FILE ${file}: ${(cause as Error).message}` },
      cause,
    });
  }
}
