/** `package:name` of a function URN, followed by the version unless that is `latest`. */
export function nameOfUrn(urn: string): string {
  if (!urn.startsWith('urn:')) return urn;
  const [, , , , , folder = '', name = '', version = 'latest'] = urn.split(':');
  return version === 'latest' ? `${folder}:${name}` : `${folder}:${name}:${version}`;
}
