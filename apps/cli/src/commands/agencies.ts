import { tableLines } from '../print-table.ts';
import { parseDestination, type Session } from '../session.ts';

interface Agency {
  readonly name: string;
  readonly grants: readonly { readonly type: string; readonly resource: string }[];
}

const path = ['sendoff', 'agencies'];

function agencyLines(agencies: readonly Agency[]): string[] {
  const rows = agencies.flatMap(({ name, grants }) =>
    grants.length === 0 ? [[name, '-', '-']] : grants.map(({ type, resource }) => [name, type, resource]),
  );
  return tableLines(['AGENCY', 'TYPE', 'RESOURCE'], rows);
}

/** Lists the agencies of the project with their grants. */
export async function listAgencies(session: Session): Promise<void> {
  const answer = await session.ask<{ agencies: readonly Agency[] }>({ path });
  session.show(answer, () => (answer.agencies.length === 0 ? ['There is no agency.'] : agencyLines(answer.agencies)));
}

/** Sets all grants of an agency, and creates it if there is none of that name. */
export async function setAgency(
  session: Session,
  name: string,
  { grant = [] }: { readonly grant?: readonly string[] },
): Promise<void> {
  const request = { method: 'PUT', path: [...path, name], body: { grants: grant.map(grantOf) } };
  const changed = await session.change<Agency>(`set the grants of the agency ${name}`, request, { isNew: true });
  if (changed !== undefined) session.show(changed.answer, () => agencyLines([changed.answer]));
}

/** Removes an agency. Functions with this agency reach none of their targets any more. */
export async function removeAgency(session: Session, name: string): Promise<void> {
  const changed = await session.change(`remove the agency ${name}`, { method: 'DELETE', path: [...path, name] });
  if (changed !== undefined) session.show({ removed: name }, () => [`the agency ${name} is removed`]);
}

function grantOf(text: string): Agency['grants'][number] {
  const { type, rest } = parseDestination(text, '--grant');
  return { type, resource: rest };
}
