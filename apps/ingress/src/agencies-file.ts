import { readFile } from 'node:fs/promises';
import { type AgencyDocument, PlatformError } from '#contracts';
import { checkName } from './place-names.ts';
import { AgencyDto } from './places.dto.ts';
import { validated } from './validated.ts';

/**
 * Agencies for the first start: `{"<name>": {"grants": [{"type": "OBS", "resource": "*"}]}}`.
 * @throws PlatformError `CONFIG_INVALID` when the file is not of that form.
 */
export async function agenciesOf(file: string, project: string): Promise<readonly AgencyDocument[]> {
  try {
    const text = JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown>;
    return Object.entries(text).map(([name, body]) => {
      checkName('agencies', name);
      const { grants } = validated(AgencyDto, body, { refuseUnknown: true });
      return { kind: 'agency', project, name, grants: grants.map(({ type, resource }) => ({ type, resource })) };
    });
  } catch (cause) {
    throw new PlatformError('CONFIG_INVALID', {
      details: { reason: `SENDOFF_AGENCIES_FILE ${file}: ${(cause as Error).message}` },
      cause,
    });
  }
}
